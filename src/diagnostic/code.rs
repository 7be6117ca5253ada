//! The stable codes of all findings.

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// The stable code of a finding: scripts may rely on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            /// The code as it is printed.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text),+ }
            }
        }
    };
}

codes! {
    /// The file is not YAML.
    YamlSyntax = "yaml-syntax",
    /// Valid YAML that means something else than it looks like.
    YamlTrap = "yaml-trap",
    /// A key that the language does not have here.
    UnknownKey = "unknown-key",
    /// The same key twice in one mapping.
    DuplicateKey = "duplicate-key",
    /// A key of the language that this version does not do yet.
    NotBuilt = "not-built",
    /// A key that must be given is not.
    MissingKey = "missing-key",
    /// A value of the wrong type, or a word that is not among the allowed ones.
    BadValue = "bad-value",
    /// Keys that exclude each other, or one that needs another.
    KeyConflict = "key-conflict",
    /// A template or expression that does not parse.
    TemplateSyntax = "template-syntax",
    /// A name that nothing defines here.
    UndefinedName = "undefined-name",
    /// A name that may be missing when it is used.
    MaybeUndefined = "maybe-undefined",
    /// A name defined twice in one scope, or a reserved one.
    NameConflict = "name-conflict",
    /// A JSONPath that does not parse.
    BadJsonpath = "bad-jsonpath",
    /// A JSONPath that leads through the list of records by a key.
    NeverMatches = "never-matches",
    /// A regular expression that does not parse.
    BadRegex = "bad-regex",
    /// A URL that cannot be one.
    BadUrl = "bad-url",
    /// A connection that is not there or cannot be used.
    BadConnection = "bad-connection",
    /// A target that is not there.
    UnknownTarget = "unknown-target",
    /// A step that is not there or does not fit.
    BadStep = "bad-step",
    /// Something that is extracted and never used.
    Unused = "unused",
    /// A secret written in clear in a file.
    SecretInClear = "secret-in-clear",
    /// A secret that is not where it should be, or cannot be read there.
    MissingSecret = "missing-secret",
    /// A parameter of the command line that does not fit.
    BadParam = "bad-param",
    /// A file that cannot be read, or a new one that cannot be made.
    BadFile = "bad-file",
    /// The state of the project cannot be used.
    BadState = "bad-state",
    /// The token store or the kept secrets cannot be used as they are set up.
    BadStore = "bad-store",
    /// A record or an answer without what a step keeps between runs, or with something that cannot be compared.
    BadWatermark = "bad-watermark",
    /// Another run holds a lock that this one needs.
    Locked = "locked",
    /// A template or expression that failed while a step ran.
    Evaluation = "evaluation",
    /// A request that cannot be made of what was rendered.
    BadRequest = "bad-request",
    /// A request without a complete answer.
    NoAnswer = "no-answer",
    /// An answer with a status that no rule accepts.
    BadStatus = "bad-status",
    /// A rule with `do: fail` matched.
    RuleFailed = "rule-failed",
    /// Something that `expect` demands does not hold.
    Unexpected = "unexpected",
    /// A body that is not what the step needs.
    BadBody = "bad-body",
    /// A path that matches nothing in the answer.
    NoMatch = "no-match",
    /// Pages that contradict themselves.
    BadPaging = "bad-paging",
    /// Records that are missing at the end of a run.
    Incomplete = "incomplete",
    /// A target that cannot be written.
    BadTarget = "bad-target",
    /// A connection to which somebody has to sign in first.
    NotSignedIn = "not-signed-in",
    /// A token that could not be got or renewed.
    SignInFailed = "sign-in-failed",
}

impl Code {
    /// Whether a connection could not be used because it has no token.
    pub fn means_not_signed_in(self) -> bool {
        matches!(self, Self::NotSignedIn | Self::SignInFailed)
    }

    /// Whether a service refused a request or answered something that the step cannot use: another item of a loop may
    /// succeed. Mistakes of the author, full disks and credentials do not count.
    pub fn blames_the_answer(self) -> bool {
        matches!(self, Self::BadStatus | Self::RuleFailed | Self::Unexpected | Self::BadBody)
    }
}
