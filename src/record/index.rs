//! Where the values of a page lie that a path of any kind selects.

use std::collections::HashMap;
use std::ops::Range;

use super::page::Page;
use crate::expr::jsonpath::LocationStep;

/// Turns locations into ranges, scanning each container once.
pub(super) struct Index<'p> {
    page: &'p Page,
    containers: HashMap<usize, Container>,
}

enum Container {
    Object(HashMap<Box<str>, Range<usize>>),
    Array(Vec<Range<usize>>),
}

impl<'p> Index<'p> {
    pub(super) fn new(page: &'p Page) -> Self {
        Self { page, containers: HashMap::new() }
    }

    /// The range of what these steps lead to.
    pub(super) fn range_of(&mut self, steps: &[LocationStep]) -> Option<Range<usize>> {
        steps.iter().try_fold(self.page.root(), |here, step| match (self.container(here), step) {
            (Container::Object(members), LocationStep::Key(key)) => members.get(key.as_str()).cloned(),
            (Container::Array(elements), LocationStep::Index(index)) => elements.get(*index).cloned(),
            (Container::Object(_), LocationStep::Index(_)) | (Container::Array(_), LocationStep::Key(_)) => {
                None
            }
        })
    }

    fn container(&mut self, range: Range<usize>) -> &Container {
        let page = self.page;
        self.containers.entry(range.start).or_insert_with(|| {
            if page.text()[range.start] == b'[' {
                return Container::Array(page.elements(range));
            }
            let members = page.members(range).into_iter();
            Container::Object(members.map(|member| (member.key, member.value)).collect())
        })
    }
}
