//! The pages that a person sees in the browser at the end.

/// Signed in.
pub fn done(connection: &str) -> String {
    page(
        "Signed in",
        &format!("River is signed in to <strong>{}</strong>.", escaped(connection)),
        "You can close this window and go back to the terminal.",
    )
}

/// Not signed in, and why, as the terminal says it.
pub fn failed(why: &str) -> String {
    page("Not signed in", &sentence(why), "The terminal says what helps. You can close this window.")
}

pub(super) fn nothing_here() -> String {
    page(
        "Nothing here",
        "Here river waits for a service to send your browser back.",
        "Go back to the window in which you were asked to consent.",
    )
}

/// Readable without a style, by screen readers, in the dark and on small screens.
fn page(title: &str, first: &str, second: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} – river</title>\n\
         <style>:root {{ color-scheme: light dark }} body {{ font: 1.125rem/1.5 system-ui, sans-serif; \
         max-width: 36rem; margin: 15vh auto 0; padding: 0 1.5rem; overflow-wrap: anywhere }} h1 {{ font-size: 1.75rem }}</style>\n\
         </head>\n<body>\n<main>\n<h1>{title}</h1>\n<p role=\"status\">{first}</p>\n<p>{second}</p>\n</main>\n</body>\n</html>\n"
    )
}

/// A message of the terminal's as HTML: what stands in backticks there is code here.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let text = escaped(&(first + letters.as_str()));
    let parts = text.split('`').enumerate();
    let parts = parts
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() });
    parts.collect::<String>() + "."
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
