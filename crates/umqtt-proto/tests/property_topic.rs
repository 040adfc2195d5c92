//! Topics against a naive model that works on lists of levels.

// Under Miri it takes minutes; there, the corpus runs the same code.
#![cfg(not(miri))]
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use umqtt_proto::{InvalidField, Text, TopicFilter, TopicName, Violation};

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 65_535 && !name.contains(['+', '#', '\0'])
}

fn is_filter(filter: &str) -> bool {
    let levels: Vec<&str> = filter.split('/').collect();
    let plain = |level: &str| !level.contains(['+', '#']);
    !filter.is_empty()
        && filter.len() <= 65_535
        && !filter.contains('\0')
        && levels.iter().enumerate().all(|(at, &level)| match level {
            "#" => at + 1 == levels.len(),
            "+" => true,
            _ => plain(level),
        })
}

fn matches(filter: &str, name: &str) -> bool {
    fn levels_match(filter: &[&str], name: &[&str]) -> bool {
        match (filter, name) {
            (["#"], _) | ([], []) => true,
            (["+", filter @ ..], [_, name @ ..]) => levels_match(filter, name),
            ([level, filter @ ..], [same, name @ ..]) => level == same && levels_match(filter, name),
            _ => false,
        }
    }
    let hidden = name.starts_with('$') && filter.starts_with(['+', '#']);
    let (filter, name): (Vec<_>, Vec<_>) = (filter.split('/').collect(), name.split('/').collect());
    !hidden && levels_match(&filter, &name)
}

/// Every string of at most `length` of these characters.
fn strings(alphabet: &str, length: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..length {
        last = last
            .iter()
            .flat_map(|start| alphabet.chars().map(move |next| format!("{start}{next}")))
            .collect();
        all.extend_from_slice(&last);
    }
    all
}

#[test]
fn every_short_filter_and_name_is_judged_and_matched_as_the_model_does() {
    let names: Vec<String> = strings("ab/$", 4);
    let names: Vec<TopicName<'_>> = names.iter().filter_map(|name| TopicName::new(name).ok()).collect();
    let mut matched = 0;
    for filter in strings("a/+#$", 5) {
        assert_eq!(TopicName::new(&filter).is_ok(), is_name(&filter), "{filter}");
        let Ok(checked) = TopicFilter::new(&filter) else {
            assert!(!is_filter(&filter), "{filter}");
            continue;
        };
        assert!(is_filter(&filter), "{filter}");
        for name in &names {
            assert_eq!(checked.matches(*name), matches(&filter, name.as_str()), "{filter} {name}");
            matched += usize::from(checked.matches(*name));
        }
    }
    assert!(matched > 1000);
}

proptest! {
    #[test]
    fn long_topics(levels in vec("[a-cé水]{0,3}|\\$|\\+|#", 1..8), name in vec("[a-cé水]{0,3}", 1..8)) {
        let (filter, name) = (levels.join("/"), name.join("/"));
        prop_assert_eq!(TopicFilter::new(&filter).is_ok(), is_filter(&filter));
        prop_assert_eq!(TopicName::new(&filter).is_ok(), is_name(&filter));
        if let (Ok(checked), Ok(named)) = (TopicFilter::new(&filter), TopicName::new(&name)) {
            prop_assert_eq!(checked.matches(named), matches(&filter, &name));
        }
    }

    /// A filter made of a name by putting wildcards into it matches that name.
    #[test]
    fn a_name_with_wildcards_put_in(levels in vec(("[a-cé]{0,3}", any::<bool>()), 1..8), rest: bool) {
        let join = |levels: Vec<&str>| levels.join("/");
        let name = join(levels.iter().map(|(level, _)| &level[..]).collect());
        let mut filter: Vec<&str> =
            levels.iter().map(|(level, wild)| if *wild { "+" } else { &level[..] }).collect();
        if rest {
            filter.push("#");
        }
        prop_assume!(!name.is_empty() && filter != [""]);
        let filter = join(filter);
        prop_assert!(TopicFilter::new(&filter).unwrap().matches(TopicName::new(&name).unwrap()));
    }

    #[test]
    fn any_bytes(bytes in vec(prop_oneof![any::<u8>(), b'#'..=b'/'], 0..12)) {
        let text = std::str::from_utf8(&bytes);
        prop_assert_eq!(Text::from_bytes(&bytes).is_ok(), text.is_ok_and(|text| !text.contains('\0')));
        prop_assert_eq!(TopicName::from_bytes(&bytes).is_ok(), text.is_ok_and(is_name));
        prop_assert_eq!(TopicFilter::from_bytes(&bytes).is_ok(), text.is_ok_and(is_filter));
    }
}

#[test]
fn a_topic_has_1_to_65535_bytes() {
    let longest = "a".repeat(65_535);
    let too_long = "a".repeat(65_536);
    assert_eq!(TopicName::new(&longest).unwrap().as_str(), longest);
    assert_eq!(TopicFilter::new(&longest).unwrap().as_str(), longest);
    assert_eq!(Text::new(&longest).unwrap().as_str(), longest);
    assert_eq!(TopicName::new(&too_long), Err(InvalidField::TooLong));
    assert_eq!(TopicFilter::new(&too_long), Err(InvalidField::TooLong));
    assert_eq!(Text::new(&too_long), Err(InvalidField::TooLong));
    assert_eq!(TopicName::new(""), Err(InvalidField::Breaks(Violation::EmptyTopic)));
    assert_eq!(TopicFilter::new(""), Err(InvalidField::Breaks(Violation::EmptyTopic)));
    assert!(Text::new("").unwrap().is_empty());
}
