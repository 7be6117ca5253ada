//! Consent on another device (RFC 8628).

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::answer::Refused;
use super::client::Client;
use super::outside::{Outside, ask};
use super::renewal::{Unsigned, unanswered};
use super::request::pair;
use super::sign_in::SignIn;

/// RFC 8628, 3.4.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 8628, 3.5: how often is asked where the server does not say.
const INTERVAL: Duration = Duration::from_secs(5);
/// A code that holds longer than this is as good as for ever.
const LONGEST: Duration = Duration::from_secs(3600);

/// What a person types in on another device.
pub struct DeviceCode {
    secret: String,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: Option<String>,
    /// For how long.
    pub expires_in: Duration,
    /// How long to wait before the server is asked whether the person has consented.
    pub interval: Duration,
    given: SystemTime,
}

impl Client<'_> {
    /// Asks for the codes of a device. None: the connection does not say where.
    pub async fn device_code<O: Outside>(
        &self,
        outside: &mut O,
    ) -> Option<Result<DeviceCode, Unsigned<O::Stop>>> {
        let request = match self.device_request(outside.now())? {
            Ok(request) => request,
            Err(error) => return Some(Err(Unsigned::Assertion(error))),
        };
        let response = match ask(&request, true, outside).await {
            Ok(response) => response,
            Err(why) => return Some(Err(unanswered(why, false))),
        };
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let code = self.read_device_code(&body, outside.now()).ok_or_else(|| {
            let error = body.get("error").and_then(Value::as_str).map(str::to_owned);
            let description = body.get("error_description").and_then(Value::as_str).map(str::to_owned);
            let refused = match error {
                Some(error) => Refused::Error { error, description },
                None if response.status.is_success() => Refused::NoToken { path: "$.device_code".to_owned() },
                None => Refused::Status { status: response.status },
            };
            Unsigned::Refused { refused, response: Box::new(response), rotating: false }
        });
        Some(code)
    }

    fn read_device_code(&self, body: &Value, now: SystemTime) -> Option<DeviceCode> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let seconds = |name: &str| body.get(name).and_then(Value::as_u64).map(Duration::from_secs);
        let device_code = text("device_code")?;
        self.redactor.learn(&device_code);
        Some(DeviceCode {
            secret: device_code,
            user_code: text("user_code")?,
            // Google and others wrote it otherwise before the standard.
            verification_uri: text("verification_uri").or_else(|| text("verification_url"))?,
            verification_uri_complete: text("verification_uri_complete"),
            expires_in: seconds("expires_in").unwrap_or(LONGEST).min(LONGEST),
            interval: seconds("interval").unwrap_or(INTERVAL).max(Duration::from_secs(1)),
            given: now,
        })
    }

    /// Asks once whether the person has consented. None: not yet, and the code still holds.
    pub async fn device_tokens<O: Outside>(
        &self,
        code: &mut DeviceCode,
        outside: &mut O,
    ) -> Result<Option<SignIn>, Unsigned<O::Stop>> {
        let form = vec![pair("grant_type", GRANT), pair("device_code", &code.secret)];
        let request = self.token_request(form, None, outside.now()).map_err(Unsigned::Assertion)?;
        // Between two polls a server may close the connection: whoever polls asks again anyway (RFC 8628, 3.5).
        let refused = match self.first_tokens(&request, true, outside).await {
            Ok(sign_in) => return Ok(Some(sign_in)),
            Err(refused) => refused,
        };
        match refused.refusal().and_then(|(refused, _)| refused.word()) {
            Some("authorization_pending") => {}
            Some("slow_down") => code.interval += INTERVAL,
            Some(_) | None => return Err(refused),
        }
        let elapsed = outside.now().duration_since(code.given).unwrap_or_default();
        if elapsed >= code.expires_in {
            return Err(Unsigned::NobodyConsented { after: elapsed });
        }
        Ok(None)
    }
}

/// The device code is secret.
impl std::fmt::Debug for DeviceCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DeviceCode").field("user_code", &self.user_code).finish_non_exhaustive()
    }
}
