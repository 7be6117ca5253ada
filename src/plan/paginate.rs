//! How the next page is found, compiled.

use super::paging::{NamedIn, PaginateKind, PagingRules, Way};
use super::request::{BodyPlan, RequestPlan};
use super::scope::{Meaning, Room, Scope};
use super::written::Written;
use crate::diagnostic::{Code, Diagnostic, Findings, Span, quoted_list};
use crate::expr::Expression;
use crate::expr::jsonpath::JsonPath;
use crate::spec::node::Text;
use crate::spec::paginate::{NextSpec, NextTable, PaginateSpec};
use crate::spec::table::Malformed;
use crate::spec::value::ExpressionText;

/// Paging of a step.
#[derive(Debug)]
pub struct PaginatePlan {
    /// What the names of its expressions mean.
    pub meaning: Meaning,
    /// Where it stands.
    pub span: Span,
    /// What `paging::advance` needs.
    pub rules: PagingRules,
    /// Where the next token or URL is; none where pages are counted.
    pub next: Option<NextPlan>,
    /// Which part of the request takes it.
    pub into: Option<PagePlace>,
    /// Whether there is more.
    pub more: Option<Written<Expression>>,
    /// Whether this page is the last.
    pub stop_when: Option<Written<Expression>>,
    /// How many records there are in all.
    pub total: Option<Written<JsonPath>>,
    /// How many pages are asked for before their turn.
    pub prefetch: u64,
    /// Other origins that a next URL may name, as `scheme://host[:port]`.
    pub allow_origin: Vec<String>,
}

/// Where the next token or URL is.
#[derive(Debug)]
pub enum NextPlan {
    /// In the JSON body.
    Path(Written<JsonPath>),
    /// In a header.
    Header(String),
    /// In the `Link` header, with `rel="next"`.
    LinkHeader,
    /// Computed.
    Expression(Written<Expression>),
}

/// Which part of the request takes the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PagePlace {
    /// A query parameter.
    Query(String),
    /// A header.
    Header(String),
    /// A form field.
    Form(String),
    /// A member of the JSON body, by its keys.
    Json(Vec<String>),
}

impl NextPlan {
    /// The path into the body, if it is found there.
    pub fn path(&self) -> Option<&Written<JsonPath>> {
        match self {
            Self::Path(path) => Some(path),
            Self::Header(_) | Self::LinkHeader | Self::Expression(_) => None,
        }
    }
}

impl PagePlace {
    /// The query parameter, if it is one.
    pub fn query(&self) -> Option<&str> {
        match self {
            Self::Query(name) => Some(name),
            Self::Header(_) | Self::Form(_) | Self::Json(_) => None,
        }
    }

    /// The form field, if it is one.
    pub fn form(&self) -> Option<&str> {
        match self {
            Self::Form(name) => Some(name),
            Self::Query(_) | Self::Header(_) | Self::Json(_) => None,
        }
    }

    /// The keys of the member of the JSON body, if it is one.
    pub fn json(&self) -> Option<&[String]> {
        match self {
            Self::Json(keys) => Some(keys),
            Self::Query(_) | Self::Header(_) | Self::Form(_) => None,
        }
    }
}

/// More would look like an attack to most services.
const MOST_PREFETCH: u64 = 32;

impl PaginatePlan {
    /// Compiles the paging of a request.
    pub fn build(
        spec: &PaginateSpec,
        request: Option<&RequestPlan>,
        scope: &Scope,
        findings: &mut Findings,
    ) -> Result<Self, Malformed> {
        let kind = *spec.kind.required()?;
        let mut builder = Builder { spec, kind, scope, findings, meaning: Meaning::default() };
        let next = builder.next();
        let into = builder.place(request);
        builder.misfits();
        let more = spec.more.given().map(|text| builder.expression(text)).transpose();
        let stop_when = spec.stop_when.given().map(|text| builder.expression(text)).transpose();
        let total =
            spec.total.optional()?.map(|path| Written::path(&path.0, builder.findings)).transpose()?;
        builder.refuse_no_pages();
        let rules = builder.rules();
        let prefetch = builder.prefetch();
        let allow_origin = builder.origins();
        Ok(Self {
            meaning: builder.meaning,
            span: spec.span,
            rules,
            next: next?,
            into: into?,
            more: more?,
            stop_when: stop_when?,
            total,
            prefetch,
            allow_origin,
        })
    }
}

struct Builder<'a> {
    spec: &'a PaginateSpec,
    kind: PaginateKind,
    scope: &'a Scope,
    findings: &'a mut Findings,
    meaning: Meaning,
}

impl Builder<'_> {
    fn rules(&self) -> PagingRules {
        PagingRules {
            kind: self.kind,
            start: self.spec.start.given().map_or(self.kind.default_start(), |count| count.value),
            size: self.spec.size.given().map(|count| count.value),
            max_pages: self.spec.max_pages.given().map(|count| count.value),
            allow_repeat: self.spec.allow_repeat.given().copied().unwrap_or(false),
        }
    }

    fn next(&mut self) -> Result<Option<NextPlan>, Malformed> {
        match self.kind.way() {
            Way::Number | Way::Offset => Ok(None),
            Way::Named(_, NamedIn::LinkHeader) => Ok(Some(NextPlan::LinkHeader)),
            Way::Named(_, NamedIn::TheAuthorsPlace) => self.given_next().map(Some),
        }
    }

    fn given_next(&mut self) -> Result<NextPlan, Malformed> {
        match self.spec.next.optional()? {
            Some(NextSpec::Path(path)) => Ok(NextPlan::Path(Written::path(&path.0, self.findings)?)),
            Some(NextSpec::Table(table)) => self.next_table(table),
            None => {
                let finding =
                    Diagnostic::error(Code::MissingKey, "`paginate` lacks `next`").at(self.spec.span, "");
                self.findings.push(finding.help("for example `next: $.info.next_page_token`"));
                Err(Malformed)
            }
        }
    }

    fn next_table(&mut self, table: &NextTable) -> Result<NextPlan, Malformed> {
        match (table.jsonpath.optional()?, table.header.optional()?, table.expr.optional()?) {
            (Some(path), None, None) => Ok(NextPlan::Path(Written::path(&path.0, self.findings)?)),
            (None, Some(header), None) => Ok(NextPlan::Header(header.value.clone())),
            (None, None, Some(text)) => self.expression(text).map(NextPlan::Expression),
            _ => {
                let message = "`next` is found in one place: give one of `jsonpath`, `header` and `expr`";
                self.findings.push(Diagnostic::error(Code::KeyConflict, message).at(table.span, ""));
                Err(Malformed)
            }
        }
    }

    fn expression(
        &mut self,
        ExpressionText(text): &ExpressionText,
    ) -> Result<Written<Expression>, Malformed> {
        let written = Written::expression(text, self.findings)?;
        let meaning = self.scope.check(written.item.uses(), text, Room::Response, self.findings);
        self.meaning.add(&meaning);
        Ok(written)
    }

    fn place(&mut self, request: Option<&RequestPlan>) -> Result<Option<PagePlace>, Malformed> {
        let by_url = self.kind.follows_urls();
        match self.spec.into.optional()? {
            None if by_url => Ok(None),
            None => {
                if request.is_some_and(|request| !request.uses_page()) {
                    let finding = Diagnostic::error(Code::MissingKey, "nothing in the request takes the next page")
                        .at(self.spec.span, "")
                        .help("add `into: query.NAME`, or use `{{ page.number }}`, `{{ page.offset }}` or `{{ page.cursor }}` in the request");
                    self.findings.push(finding);
                }
                Ok(None)
            }
            Some(text) if by_url => {
                let finding = Diagnostic::error(
                    Code::KeyConflict,
                    "`into` does not go with a next URL, which replaces the request's URL",
                )
                .at(text.span, "")
                .help("leave `into` out");
                self.findings.push(finding);
                Err(Malformed)
            }
            Some(text) => self.place_of(text, request).map(Some),
        }
    }

    fn place_of(&mut self, text: &Text, request: Option<&RequestPlan>) -> Result<PagePlace, Malformed> {
        let (part, rest) = text.value.split_once('.').unwrap_or((&text.value, ""));
        let fits = |body: fn(&BodyPlan) -> bool| request.is_none_or(|request| body(&request.body));
        let into = match part {
            _ if rest.is_empty() => None,
            "query" => Some(PagePlace::Query(rest.to_owned())),
            "headers" => Some(PagePlace::Header(rest.to_owned())),
            "form" if fits(BodyPlan::has_fields) => Some(PagePlace::Form(rest.to_owned())),
            "json" if fits(BodyPlan::is_json_object) => {
                Some(PagePlace::Json(rest.split('.').map(str::to_owned).collect()))
            }
            "form" | "json" => {
                let finding = Diagnostic::error(
                    Code::KeyConflict,
                    format!("the request has no `{part}` to put the page into"),
                )
                .at(text.span, "")
                .help(format!("add `{part}:` to the request, or use `into: query.NAME`"));
                self.findings.push(finding);
                return Err(Malformed);
            }
            _ => None,
        };
        if into.is_none() {
            let help = format!(
                "it starts with one of {} and a name: `query.page`",
                quoted_list(["query", "headers", "form", "json"])
            );
            self.findings.push(
                Diagnostic::error(Code::BadValue, format!("`{}` names no part of the request", text.value))
                    .at(text.span, "")
                    .help(help),
            );
        }
        into.ok_or(Malformed)
    }

    /// Keys that mean nothing for this kind of paging are a mistake, not a detail.
    fn misfits(&mut self) {
        let spec = self.spec;
        let next = spec.next.given().map(|next| match next {
            NextSpec::Path(path) => path.0.span,
            NextSpec::Table(table) => table.span,
        });
        let checks = [
            ("next", next, self.kind.takes_next()),
            ("start", spec.start.given().map(|count| count.span), self.kind.is_counted()),
            ("total", spec.total.given().map(|path| path.0.span), self.kind.must_reach_total()),
        ];
        for (key, span, fits) in checks {
            if let (Some(span), false) = (span, fits) {
                let message = format!("`{key}` does not go with this kind of paging");
                self.findings.push(
                    Diagnostic::error(Code::KeyConflict, message)
                        .at(span, "")
                        .help("leave it out, or choose another `kind`"),
                );
            }
        }
    }

    fn refuse_no_pages(&mut self) {
        if let Some(count) = self.spec.max_pages.given().filter(|count| count.value == 0) {
            let finding = Diagnostic::error(Code::BadValue, "`max_pages` is at least 1").at(count.span, "");
            self.findings.push(finding.help("to leave the step out, write `when: false`"));
        }
    }

    /// Only what can be counted can be asked for before its turn.
    fn prefetch(&mut self) -> u64 {
        let Some(count) = self.spec.prefetch.given() else { return 0 };
        let problem = if !self.kind.is_counted() {
            Some((
                "`prefetch` does not go with this kind of paging",
                "each page names the next one here: leave it out",
            ))
        } else if self.kind.counts_records() && self.spec.size.is_absent() {
            Some(("`prefetch` by offset needs `size`", "add `size:`, the number of records of a full page"))
        } else if count.value > MOST_PREFETCH {
            Some(("`prefetch` is too large", "ask for at most 32 pages before their turn"))
        } else {
            None
        };
        if let Some((message, help)) = problem {
            self.findings.push(Diagnostic::error(Code::KeyConflict, message).at(count.span, "").help(help));
        }
        count.value
    }

    fn origins(&mut self) -> Vec<String> {
        let texts = self.spec.allow_origin.given().map(Vec::as_slice).unwrap_or_default();
        let mut origins = Vec::new();
        for text in texts {
            match url::Url::parse(&text.value).map(|url| url.origin()) {
                Ok(origin) if origin.is_tuple() => origins.push(origin.ascii_serialization()),
                _ => self.findings.push(
                    Diagnostic::error(Code::BadUrl, format!("`{}` is not an origin", text.value))
                        .at(text.span, "")
                        .help("write `https://HOST`"),
                ),
            }
        }
        origins
    }
}
