//! Topic filters: whether what somebody wants lies within what it may have.
//! Used by `auth` for publishing, wills and subscriptions, and by `Inbound` for routing.
//! A wildcard that is asked for must lie within a wildcard that is allowed; `$…` topics match no wildcard (MQTT 5, 4.7.2).

/// Whether `filter` covers `wanted`, which may be a topic or a topic filter.
///
/// A shared subscription (`$share/GROUP/FILTER`) is judged by its filter.
pub fn covers(filter: &str, wanted: &str) -> bool {
    let wanted = match wanted.strip_prefix("$share/") {
        Some(shared) => match shared.split_once('/') {
            Some((_, wanted)) => wanted,
            None => return false,
        },
        None => wanted,
    };
    if wanted.is_empty() || (wanted.starts_with('$') && filter.starts_with(['+', '#'])) {
        return false;
    }
    let (mut allowed, mut levels) = (filter.split('/'), wanted.split('/'));
    loop {
        match (allowed.next(), levels.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(level)) if level != "#" => {}
            (Some(allowed), Some(level)) if allowed == level => {}
            (Some(_) | None, Some(_)) | (Some(_), None) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_sensor_may_publish_on_its_own_topic_only() {
        let own = "hamyar/v1/readings/bridge-3";
        assert!(covers(own, "hamyar/v1/readings/bridge-3"));
        for other in ["hamyar/v1/readings/bridge-4", "hamyar/v1/readings", "hamyar/v1/readings/bridge-3/x", "", "#"] {
            assert!(!covers(own, other), "{other}");
        }
    }

    #[test]
    fn a_wildcard_is_covered_only_by_a_wildcard_as_wide() {
        assert!(covers("a/#", "a/b/c") && covers("a/#", "a/+/c") && covers("a/#", "a/#") && covers("a/#", "a"));
        assert!(covers("a/+/c", "a/b/c") && covers("a/+/c", "a/+/c"));
        assert!(!covers("a/+/c", "a/#") && !covers("a/+", "a/#") && !covers("a/b", "a/+") && !covers("a/b", "#"));
    }

    #[test]
    fn shared_subscriptions_and_system_topics_are_no_way_around() {
        assert!(covers("a/#", "$share/group/a/b"));
        assert!(!covers("a/#", "$share/group/b") && !covers("a/#", "$share/group") && !covers("#", "$SYS/x"));
    }
}
