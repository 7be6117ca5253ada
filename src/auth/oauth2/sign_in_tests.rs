use super::*;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn now() -> SystemTime {
    UNIX_EPOCH + seconds(1_800_000_000)
}

fn sign_in(received: SystemTime, life: Option<u64>) -> SignIn {
    SignIn {
        access_token: "an-access-token".to_owned(),
        refresh_token: Some("a-refresh-token".to_owned()),
        received,
        expires: life.map(|life| received + seconds(life)),
        scope: None,
        kept: Map::new(),
        server: None,
        signed_in: None,
        rotated: false,
        token_url: Some("https://accounts.example/token".to_owned()),
        own_used: None,
        keeps: Map::new(),
        refused: None,
    }
}

#[test]
fn when_a_token_is_good() {
    let ago = |age| now() - seconds(age);
    let ahead = |time| now() + seconds(time);
    for (name, received, life, margin, expected) in [
        ("fresh", ago(0), Some(3600), 60, true),
        ("just before the margin", ago(3539), Some(3600), 60, true),
        ("in the margin", ago(3540), Some(3600), 60, false),
        ("over", ago(3601), Some(3600), 0, false),
        ("the margin is at most half of its life", ago(29), Some(60), 300, true),
        ("and not less than that", ago(30), Some(60), 300, false),
        ("over as soon as it comes", ago(0), Some(0), 0, false),
        ("without an end", ago(1_000_000_000), None, 60, true),
        ("a clock that is a little behind", ahead(60), Some(3600), 60, true),
        ("from the future", ahead(61), Some(3600), 60, false),
        ("from the future, without an end", ahead(61), None, 60, false),
    ] {
        assert_eq!(sign_in(received, life).is_good(now(), seconds(margin)), expected, "{name}");
    }
    let without = SignIn { access_token: String::new(), ..sign_in(now(), None) };
    assert!(!without.is_good(now(), Duration::ZERO), "a refresh token alone");
}

#[test]
fn what_is_stored_is_read_back() {
    let all = SignIn {
        scope: Some("read".to_owned()),
        server: Url::parse("https://a.example/").ok(),
        signed_in: Some(now()),
        rotated: true,
        own_used: Some("hash".to_owned()),
        ..sign_in(now(), Some(60))
    };
    for stored in [all, sign_in(now(), None)] {
        let entry = Entry { generation: 1, fresh: stored.to_fresh() };
        assert!(entry.fresh.expires.is_none(), "a refresh token may be good for years");
        assert!(SignIn::of(&entry) == Some(stored));
    }
}

#[test]
fn what_an_answer_does_not_bring_stays() {
    let tokens = |refresh_token: Option<&str>| Tokens {
        access_token: "the-next".to_owned(),
        refresh_token: refresh_token.map(str::to_owned),
        life: None,
        scope: None,
        kept: Map::new(),
    };
    let former = SignIn { scope: Some("read".to_owned()), ..sign_in(now(), Some(60)) };
    let next = former.renewed("a-refresh-token", tokens(None), now());
    assert_eq!(next.refresh_token, former.refresh_token);
    assert_eq!((next.scope.as_deref(), next.rotated), (Some("read"), false));
    assert!(!former.renewed("a-refresh-token", tokens(Some("a-refresh-token")), now()).rotated);
    let rotated = former.renewed("a-refresh-token", tokens(Some("another")), now());
    assert_eq!((rotated.refresh_token.as_deref(), rotated.rotated), (Some("another"), true));
    assert!(rotated.renewed("another", tokens(None), now()).rotated, "it is known from then on");
}

#[test]
fn the_own_token_that_was_used_is_known_by_its_hash() {
    let begun = sign_in(now(), None).beginning_with("own-token");
    assert!(begun.began_with("own-token"));
    assert!(!begun.began_with("another"));
    assert!(!sign_in(now(), None).began_with("own-token"));
    assert!(begun.own_used.is_some_and(|hash| !hash.contains("own-token")));
}
