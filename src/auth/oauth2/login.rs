//! The first tokens of a person's sign-in, and the end of one.

use serde_json::{Map, Value};

use super::answer::Refused;
use super::authorize::Invitation;
use super::callback::Code;
use super::client::Client;
use super::outside::{Outside, ask};
use super::renewal::{Unsigned, unanswered};
use super::request::pair;
use super::sign_in::SignIn;
use crate::http::Request;

impl Client<'_> {
    /// Exchanges a code for tokens (RFC 6749, 4.1.3). Without an invitation the code comes from a service's own console.
    pub async fn exchange<O: Outside>(
        &self,
        code: &Code,
        invitation: Option<&Invitation>,
        outside: &mut O,
    ) -> Result<SignIn, Unsigned<O::Stop>> {
        let mut form = vec![pair("grant_type", "authorization_code"), pair("code", &code.code)];
        if let Some(invitation) = invitation {
            form.push(pair("redirect_uri", invitation.redirect.as_str()));
            form.extend(invitation.verifier.as_ref().map(|verifier| pair("code_verifier", verifier)));
        }
        self.redactor.learn(&code.code);
        let now = outside.now();
        let request = self.token_request(form, code.server.as_ref(), now).map_err(Unsigned::Assertion)?;
        // A code is good once: what may have been received is not sent again.
        let sign_in = self.first_tokens(&request, false, outside).await?;
        Ok(SignIn { server: code.server.clone(), ..sign_in })
    }

    /// Asks for the first tokens. `again` says whether what may have been received is sent a second time.
    pub(super) async fn first_tokens<O: Outside>(
        &self,
        request: &Request,
        again: bool,
        outside: &mut O,
    ) -> Result<SignIn, Unsigned<O::Stop>> {
        let response = ask(request, again, outside).await.map_err(|why| unanswered(why, false))?;
        let tokens = self.read(&response, &Map::new()).map_err(|refused| Unsigned::Refused {
            refused,
            response: Box::new(response),
            rotating: false,
        })?;
        let now = outside.now();
        let sign_in = SignIn { signed_in: Some(now), ..SignIn::first(self, tokens, now) };
        if sign_in.expires.is_some() && sign_in.refresh_token.is_none() {
            return Err(Unsigned::Unrenewable);
        }
        Ok(sign_in)
    }

    /// A sign-in from a refresh token that was got elsewhere; its first use brings the rest.
    pub fn imported(&self, refresh_token: &str, now: std::time::SystemTime) -> SignIn {
        self.redactor.learn(refresh_token);
        SignIn {
            access_token: String::new(),
            refresh_token: Some(refresh_token.to_owned()),
            received: now,
            expires: Some(now),
            scope: None,
            kept: Map::new(),
            server: None,
            signed_in: Some(now),
            rotated: false,
            token_url: Some(self.token_url.to_string()),
            own_used: None,
            keeps: self.keeps(),
            refused: None,
        }
    }

    /// Tells the server that a sign-in is over (RFC 7009). None: the connection does not say where.
    pub async fn revoke<O: Outside>(
        &self,
        sign_in: &SignIn,
        outside: &mut O,
    ) -> Option<Result<(), Unsigned<O::Stop>>> {
        let token = sign_in.refresh_token.as_deref().unwrap_or(&sign_in.access_token);
        let request = match self.revoke_request(token, sign_in.server.as_ref(), outside.now())? {
            Ok(request) => request,
            Err(error) => return Some(Err(Unsigned::Assertion(error))),
        };
        let response = match ask(&request, true, outside).await {
            Ok(response) => response,
            Err(why) => return Some(Err(unanswered(why, false))),
        };
        let body: Option<Value> = serde_json::from_slice(&response.body).ok();
        let error = body.and_then(|body| Some(body.get("error")?.as_str()?.to_owned()));
        let refused = match error {
            Some(error) => Refused::Error { error, description: None },
            None if response.status.is_success() => return Some(Ok(())),
            None => Refused::Status { status: response.status },
        };
        Some(Err(Unsigned::Refused { refused, response: Box::new(response), rotating: false }))
    }
}
