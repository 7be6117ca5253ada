//! The choices of a history: by a seed, or by a search through all of them.

/// Who chooses.
#[derive(Debug)]
pub(in crate::run) enum Choices {
    /// Chance.
    Seed(fastrand::Rng),
    /// All histories, one after the other: those of which the first choices are given, and then always the first one.
    Search { taken: Vec<(usize, usize)>, at: usize },
    /// A history of a search, which departs from it somewhere.
    Departed { taken: Vec<(usize, usize)>, at: usize },
}

impl Choices {
    pub(in crate::run) fn seed(seed: u64) -> Self {
        Self::Seed(fastrand::Rng::with_seed(seed))
    }

    pub(in crate::run) fn search() -> Self {
        Self::Search { taken: vec![], at: 0 }
    }

    /// One of so many.
    pub(in crate::run) fn choose(&mut self, among: usize) -> usize {
        match self {
            Self::Seed(random) => random.usize(..among),
            Self::Search { taken, at } => {
                if *at == taken.len() {
                    taken.push((0, among));
                }
                let (choice, before) = taken[*at];
                assert_eq!(among, before, "a history that is run again is another one");
                *at += 1;
                choice
            }
            Self::Departed { taken, at } => {
                let choice = taken.get(*at).map_or(0, |(choice, _)| *choice);
                *at += 1;
                choice.min(among - 1)
            }
        }
    }

    /// Whether something happens that happens once in so many times; a search does without.
    pub(in crate::run) fn one_in(&mut self, times: usize) -> bool {
        match self {
            Self::Seed(random) => random.usize(..times) == 0,
            Self::Search { .. } | Self::Departed { .. } => false,
        }
    }

    /// Whether all histories are searched.
    pub(in crate::run) fn is_search(&self) -> bool {
        match self {
            Self::Search { .. } | Self::Departed { .. } => true,
            Self::Seed(_) => false,
        }
    }

    /// The same choices from the start, for a history that departs from this one; those after it are the first ones.
    pub(in crate::run) fn again(&self) -> Self {
        match self {
            Self::Search { taken, .. } => Self::Departed { taken: taken.clone(), at: 0 },
            Self::Seed(_) | Self::Departed { .. } => Self::search(),
        }
    }

    /// The next history of a search; false: that was the last one.
    pub(in crate::run) fn next_history(&mut self) -> bool {
        let Self::Search { taken, at } = self else { return false };
        *at = 0;
        while let Some((choice, among)) = taken.pop() {
            if choice + 1 < among {
                taken.push((choice + 1, among));
                return true;
            }
        }
        false
    }
}
