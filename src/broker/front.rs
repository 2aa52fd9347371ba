//! Accepts MQTT connections, plain and TLS, and hands each to the broker.
//! Started by `embedded`; it stands in the broker's place because the broker's own TLS accept can be stalled by one silent client.
//! A handshake has a deadline and runs beside the others; whoever comes above a limit is closed at once.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use mqtt5::broker::{
    DynamicStorage, auth::AuthProvider, client_handler::ClientHandler, config::BrokerConfig,
    resource_monitor::ResourceMonitor, router::MessageRouter, sys_topics::BrokerStats, tls_acceptor::TlsStreamWrapper,
    transport::BrokerTransport,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::broadcast,
};
use tokio_rustls::{TlsAcceptor, rustls};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{BrokerFault, connections::Connections};

/// What every connection is given. Cheap to clone.
#[derive(Clone)]
pub(super) struct Front {
    pub(super) config: Arc<BrokerConfig>,
    pub(super) router: Arc<MessageRouter>,
    pub(super) auth: Arc<dyn AuthProvider>,
    pub(super) storage: Arc<DynamicStorage>,
    pub(super) stats: Arc<BrokerStats>,
    pub(super) resources: Arc<ResourceMonitor>,
    pub(super) connections: Connections,
    /// Tells every connection to say good-bye.
    pub(super) goodbye: broadcast::Sender<()>,
    pub(super) handshake_max: Duration,
}

impl Front {
    /// Accepts until `stop`.
    pub(super) async fn accept(self, listener: TcpListener, tls: Option<TlsAcceptor>, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.clone().take(stream, peer, tls.clone()),
                Err(fault) => {
                    // Out of file descriptors, mostly: the listener stays, and a pause lets some connections end.
                    warn!(%fault, "an MQTT connection could not be accepted: {fault}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn take(self, stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>) {
        let _ = stream.set_nodelay(true);
        let Ok((stream, second)) = two_handles(stream) else { return };
        let Some(entry) = self.connections.enter(peer, second) else {
            metrics::counter!("hamyar_mqtt_refused_total", "what" => "limit").increment(1);
            debug!(%peer, "an MQTT connection above the limit was closed");
            return;
        };
        // One task per connection, bounded by `mqtt.connections_max`; its entry ends with it.
        tokio::spawn(async move {
            let _entry = entry;
            let transport = match tls {
                None => BrokerTransport::tcp(stream),
                Some(tls) => match tokio::time::timeout(self.handshake_max, tls.accept(stream)).await {
                    Ok(Ok(stream)) => BrokerTransport::tls(TlsStreamWrapper::new(stream)),
                    Ok(Err(fault)) => return debug!(%peer, "TLS handshake failed: {fault}"),
                    Err(_) => return debug!(%peer, "TLS handshake took too long"),
                },
            };
            let goodbye = self.goodbye.subscribe();
            let handler = ClientHandler::new(
                transport,
                peer,
                self.config,
                self.router,
                self.auth,
                Some(self.storage),
                self.stats,
                self.resources,
                goodbye,
            );
            if let Err(end) = handler.run().await {
                debug!(%peer, "an MQTT connection ended: {end}");
            }
        });
    }
}

fn two_handles(stream: TcpStream) -> std::io::Result<(TcpStream, std::net::TcpStream)> {
    let stream = stream.into_std()?;
    let second = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, second))
}

/// Reads certificate and key for the TLS listener.
pub(super) fn acceptor(certificate: &str, key: &str) -> Result<TlsAcceptor, BrokerFault> {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let fault = |file: &str, what: &dyn std::fmt::Display| BrokerFault::Certificate(format!("{file}: {what}"));
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|what| fault(certificate, &what))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|what| fault(key, &what))?;
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|what| fault(certificate, &what))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
