//! What browsers do besides: they ask for an icon, open connections that they do not use, take IPv6, and are closed early.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use reqwest::Url;

use crate::project::{Ended, Project};
use crate::registered::{OFFLINE, decide_at_oidc, oidc};
use crate::server::Server;
use crate::visitor::Visitor;

const CODE: &str = "authorization_code";

#[test]
fn other_requests_are_not_the_callback() {
    let Some(server) = Server::oidc(&[]) else { return };
    let project = oidc(&server, "public", CODE, OFFLINE);
    let mut running = project.start(&["auth", "login", "shop"]);
    let back = decide_at_oidc(&server, &running.address(), "allow").location().unwrap();
    let host = format!("{}:{}", back.host_str().unwrap(), back.port().unwrap());
    let idle: Vec<_> = (0..3).map(|_| TcpStream::connect(&host).unwrap()).collect();
    let visitor = &mut Visitor::new();
    for path in ["/", "/favicon.ico", "/callback/more?code=a&state=b"] {
        let page = visitor.get(&format!("http://{host}{path}"));
        assert!(page.status == 404 && page.text.contains("<h1>Nothing here</h1>"), "{page:?}");
    }
    assert_eq!(visitor.post(back.as_str(), &[]).status, 404, "it is not asked for by a form");
    let page = visitor.get(back.as_str());
    assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "the code is in the address");
    signed_in(&running.end(), &project);
    drop(idle);
}

#[test]
fn localhost_is_also_an_address_of_ipv6() {
    let Some(server) = Server::oidc(&[]) else { return };
    if TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let redirect = format!("  redirect_url: http://localhost:{port}/callback\n");
    let project = oidc(&server, "public", CODE, &(OFFLINE.to_owned() + &redirect));
    let mut running = project.start(&["auth", "login", "shop"]);
    let mut back = decide_at_oidc(&server, &running.address(), "allow").location().unwrap();
    assert_eq!(back.host_str(), Some("localhost"));
    back.set_host(Some("[::1]")).unwrap();
    assert_eq!(Visitor::new().get(back.as_str()).status, 200);
    signed_in(&running.end(), &project);
}

#[test]
fn who_closes_the_browser_early_is_signed_in() {
    let Some(server) = Server::oidc(&[]) else { return };
    let project = oidc(&server, "public", CODE, OFFLINE);
    let mut running = project.start(&["auth", "login", "shop"]);
    let back = decide_at_oidc(&server, &running.address(), "allow").location().unwrap();
    drop(asks(&back));
    signed_in(&running.end(), &project);
}

#[test]
fn a_second_answer_is_told_that_it_comes_too_late() {
    let Some(server) = Server::oidc(&[]) else { return };
    let project = oidc(&server, "public", CODE, OFFLINE);
    let mut running = project.start(&["auth", "login", "shop"]);
    let back = decide_at_oidc(&server, &running.address(), "allow").location().unwrap();
    // Some browsers ask twice.
    let mut streams = [asks(&back), asks(&back)];
    signed_in(&running.end(), &project);
    let texts = streams.each_mut().map(|stream| {
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        text
    });
    assert!(texts.iter().any(|text| text.contains("<h1>Signed in</h1>")), "{texts:?}");
}

#[test]
fn the_address_can_be_opened_whatever_is_secret() {
    let Some(server) = Server::oidc(&[]) else { return };
    let client = server.client("public").id;
    let project = oidc(&server, "public", CODE, OFFLINE);
    let connection = std::fs::read_to_string(project.path("connections/shop.yaml")).unwrap();
    let id = format!("client_id: {client}");
    project.connect(&connection.replace(&id, "client_id: { from: env:SHOP_ID }"));
    let project = project.with_variable("SHOP_ID", &client);
    let mut running = project.start(&["auth", "login", "shop"]);
    let url = running.address();
    assert!(url.contains(&format!("client_id={client}&")), "an id is not secret (RFC 6749, 2.2): {url}");
    Visitor::new().get(decide_at_oidc(&server, &url, "allow").location().unwrap().as_str());
    signed_in(&running.end(), &project);
}

/// Asks for an address, and reads nothing yet.
fn asks(url: &Url) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).unwrap();
    let target = &url[url::Position::BeforePath..];
    write!(stream, "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
    stream
}

fn signed_in(ended: &Ended, project: &Project) {
    assert_eq!((ended.exit, project.entries().len()), (Some(0), 1), "{ended:?}");
    assert!(ended.out.contains("signed in to `shop`"), "{ended:?}");
}
