use super::*;

const START: Timestamp = Timestamp::constant(1_700_000_000, 0);
const HOUR: Duration = Duration::from_secs(3600);

fn after(seconds: i64) -> Timestamp {
    START + SignedDuration::from_secs(seconds)
}

fn refresh(tokens: &mut IssuedTokens, now: Timestamp) -> String {
    tokens.refresh(REFRESH_TOKEN, now).unwrap().unwrap().access_token
}

fn authorization(origin: CodeOrigin, refresh_token: RefreshTokenRule) -> Authorization {
    Authorization { scopes: Scopes::read("ZohoCRM.org.READ").unwrap(), origin, refresh_token }
}

fn consent(refresh_token: RefreshTokenRule) -> Authorization {
    let redirect_uri = "http://localhost:1/".to_owned();
    authorization(CodeOrigin::Consent { redirect_uri, challenge: None }, refresh_token)
}

fn self_client() -> Authorization {
    authorization(CodeOrigin::SelfClient, RefreshTokenRule::Always)
}

#[test]
fn a_token_dies_at_the_end_of_its_life() {
    let mut tokens = IssuedTokens::new(HOUR, 10);
    let token = refresh(&mut tokens, START);
    assert!(tokens.is_alive(&token, after(3599)));
    assert!(!tokens.is_alive(&token, after(3600)));
    assert!(!tokens.is_alive("1000.0.0", START));
}

#[test]
fn an_ended_token_is_dead_and_others_live() {
    let mut tokens = IssuedTokens::new(HOUR, 10);
    let (first, second) = (refresh(&mut tokens, START), refresh(&mut tokens, START));
    assert!(tokens.end(&first));
    assert!(!tokens.end(&first));
    assert!(!tokens.is_alive(&first, START));
    assert!(tokens.is_alive(&second, START));
}

#[test]
fn the_eleventh_in_ten_minutes_is_throttled() {
    let mut tokens = IssuedTokens::new(HOUR, 10);
    for second in 0..10 {
        refresh(&mut tokens, after(second));
    }
    let mut again = |second| tokens.refresh(REFRESH_TOKEN, after(second)).unwrap().map(|_| ());
    assert_eq!(again(599), Err(Throttled));
    assert_eq!(again(600), Ok(()), "the first of the ten is ten minutes old");
    assert_eq!(again(600), Err(Throttled));
    let usage = tokens.usage(after(600));
    assert_eq!((usage.issued, usage.refused, usage.over_documented), (11, 2, 2));
    let expected = RefreshTokenUsage {
        built_in: true,
        tokens_in_ten_minutes: Share { used: 10, most: 10 },
        live_tokens: Share { used: 11, most: 15 },
        refused: 2,
    };
    assert_eq!(usage.refresh_tokens, [expected]);
}

#[test]
fn what_zoho_would_throttle_is_counted_where_this_sandbox_does_not() {
    let mut tokens = IssuedTokens::new(HOUR, 100);
    for _ in 0..13 {
        refresh(&mut tokens, START);
    }
    let usage = tokens.usage(START);
    assert_eq!((usage.refused, usage.over_documented), (0, 3));
}

#[test]
fn refresh_tokens_are_throttled_each_by_itself() {
    let mut tokens = IssuedTokens::new(HOUR, 2);
    let other = tokens.authorize(self_client(), START).refresh_token.unwrap();
    assert!(tokens.refresh(&other, START).unwrap().is_ok());
    assert!(tokens.refresh(&other, START).unwrap().is_err(), "the code gave the first");
    assert!(tokens.refresh(REFRESH_TOKEN, START).unwrap().is_ok());
    assert!(tokens.refresh("1000.0.0", START).is_none());
}

#[test]
fn the_sixteenth_ends_the_oldest() {
    let mut tokens = IssuedTokens::new(HOUR, 100);
    let given: Vec<_> = (0..16).map(|_| refresh(&mut tokens, START)).collect();
    let alive: Vec<_> = given.iter().map(|token| tokens.is_alive(token, START)).collect();
    assert_eq!(alive.iter().filter(|alive| **alive).count(), 15);
    assert!(!alive[0]);
}

#[test]
fn the_twenty_first_refresh_token_drops_the_oldest() {
    let mut tokens = IssuedTokens::new(HOUR, 100);
    let access_token = refresh(&mut tokens, START);
    for _ in 0..19 {
        tokens.authorize(self_client(), START);
    }
    assert!(tokens.is_refresh_token(REFRESH_TOKEN));
    let online = tokens.authorize(consent(RefreshTokenRule::Never), START);
    assert!(tokens.is_refresh_token(REFRESH_TOKEN), "an access token alone takes no room");
    tokens.authorize(self_client(), START);
    assert!(!tokens.is_refresh_token(REFRESH_TOKEN));
    assert!(!tokens.is_alive(&access_token, START));
    assert!(tokens.is_alive(&online.access_token, START));
    assert_eq!(tokens.usage(START).refresh_tokens.len(), 20);
}

#[test]
fn a_refresh_token_comes_the_first_time_unless_it_is_asked_for() {
    use RefreshTokenRule::{Always, Never, Once};
    let mut tokens = IssuedTokens::new(HOUR, 100);
    tokens.authorize(self_client(), START);
    let rules = [Never, Once, Once, Always, Once];
    let given: Vec<_> =
        rules.map(|rule| tokens.authorize(consent(rule), START).refresh_token).into_iter().collect();
    let expected = [false, true, false, true, false];
    assert_eq!(given.iter().map(Option::is_some).collect::<Vec<_>>(), expected);
    for token in given.iter().flatten() {
        assert!(tokens.revoke(token));
    }
    assert!(tokens.authorize(consent(Once), START).refresh_token.is_some(), "there is none any more");
}

#[test]
fn a_revoked_refresh_token_takes_its_access_tokens_along() {
    let mut tokens = IssuedTokens::new(HOUR, 100);
    let given = tokens.authorize(self_client(), START);
    let other = refresh(&mut tokens, START);
    let refresh_token = given.refresh_token.unwrap();
    assert!(tokens.revoke(&refresh_token));
    assert!(!tokens.revoke(&refresh_token));
    assert!(!tokens.is_alive(&given.access_token, START));
    assert!(tokens.is_alive(&other, START));
    assert!(tokens.revoke(&other), "an access token can be revoked by itself");
    assert!(!tokens.is_alive(&other, START));
    assert!(tokens.is_refresh_token(REFRESH_TOKEN));
}
