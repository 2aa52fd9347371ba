//! Where a helper's own webhook may lead: the public internet, and networks that the configuration names.
//! Used by the HTTP client of helpers' own webhooks, as its resolver, and before each call for bare addresses.
//! A name is resolved once, what it may not lead to is left out, and the connection goes to what is left: there is no second look-up
//! that could give something else.

use std::{net::IpAddr, sync::Arc};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::{
    config::Config,
    network::{Network, is_public},
};

/// What may be reached.
#[derive(Clone, Debug)]
pub(super) struct Reach(Arc<[Network]>);

impl Reach {
    pub(super) fn of(config: &Config) -> Self {
        let networks = config.deliver.own_webhook_networks.iter();
        Self(networks.map(|text| text.parse().expect("checked when the configuration was loaded")).collect())
    }

    fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || self.0.iter().any(|network| network.holds(address))
    }

    /// Refuses an address line that names a bare address which may not be reached: for these no resolver is asked.
    pub(super) fn check(&self, url: &str) -> Result<(), &'static str> {
        let url = reqwest::Url::parse(url).map_err(|_| "the address of this webhook can't be read")?;
        // The parser has made every spelling of an address (octal, one number) the usual one.
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        match host.parse() {
            Ok(address) if !self.allows(address) => Err("the address of this webhook is not a public one"),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|found| reach.allows(found.ip())).collect();
            if allowed.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_this_machine_is_refused_unless_it_is_allowed() {
        let mut config = Config::defaults();
        let nothing = Reach::of(&config);
        config.deliver.own_webhook_networks = vec!["127.0.0.0/8".into(), "::1".into()];
        let this_machine = Reach::of(&config);
        for url in [
            "http://127.0.0.1/",
            "http://127.1:8137/x",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "https://user:word@127.0.0.1/",
        ] {
            assert!(nothing.check(url).is_err(), "{url}");
            assert!(this_machine.check(url).is_ok(), "{url}");
        }
        assert!(this_machine.check("http://169.254.169.254/latest").is_err());
        assert!(
            nothing.check("https://93.184.215.14/hook").is_ok() && nothing.check("https://example.org/hook").is_ok()
        );
    }

    #[tokio::test]
    async fn a_name_of_this_machine_leads_nowhere() {
        let resolve = async |reach: &Reach| reach.resolve("localhost".parse().expect("a name")).await;
        let mut config = Config::defaults();
        assert!(resolve(&Reach::of(&config)).await.is_err());
        config.deliver.own_webhook_networks = vec!["127.0.0.0/8".into(), "::1".into()];
        assert!(resolve(&Reach::of(&config)).await.is_ok());
    }
}
