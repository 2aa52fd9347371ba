//! Every open connection of the embedded broker, so that it can be counted, bounded and cut.
//! Filled by `front`, named by `auth` when a client proves who it is, used by `embedded` and by the watch over accounts.
//! Cutting shuts the socket for reading and writing: whatever the broker would still answer, an acknowledgement included, can't leave.

use std::{
    collections::HashMap,
    net::{IpAddr, Shutdown, SocketAddr, TcpStream},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

/// All open connections. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    open: Mutex<HashMap<SocketAddr, Connection>>,
    count: watch::Sender<usize>,
    all_max: usize,
    per_address_max: usize,
}

#[derive(Debug)]
struct Connection {
    /// A second handle on the socket: the first belongs to the broker, which may be waiting for a commit.
    socket: TcpStream,
    client: Option<Client>,
}

/// Who a connection belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) protocol_version: u8,
}

/// Ends the entry when the connection ends.
#[derive(Debug)]
pub(super) struct Entry {
    connections: Connections,
    peer: SocketAddr,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.connections.change(|open| {
            open.remove(&self.peer);
        });
    }
}

impl Connections {
    pub(super) fn new(all_max: usize, per_address_max: usize) -> Self {
        let open = Mutex::new(HashMap::new());
        Self(Arc::new(Inner { open, count: watch::Sender::new(0), all_max, per_address_max }))
    }

    fn change<T>(&self, change: impl FnOnce(&mut HashMap<SocketAddr, Connection>) -> T) -> T {
        // Every change is one map operation; a panic elsewhere leaves the map whole.
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut open);
        let count = open.len();
        self.0.count.send_replace(count);
        metrics::gauge!("hamyar_mqtt_connections").set(count as f64);
        result
    }

    /// Takes a new connection in, unless there are too many. The socket is a second handle.
    pub(super) fn enter(&self, peer: SocketAddr, socket: TcpStream) -> Option<Entry> {
        let from = |address: IpAddr, open: &HashMap<SocketAddr, Connection>| {
            open.keys().filter(|known| known.ip() == address).count()
        };
        let taken = self.change(|open| {
            let room = open.len() < self.0.all_max
                // Counting is linear, so it is left out where the limit can't be reached before the other one.
                && (self.0.per_address_max >= self.0.all_max || from(peer.ip(), open) < self.0.per_address_max);
            if room {
                open.insert(peer, Connection { socket, client: None });
            }
            room
        });
        taken.then(|| Entry { connections: self.clone(), peer })
    }

    /// Says who a connection belongs to. `false` when it is not one of ours (any more).
    pub(super) fn name(&self, peer: SocketAddr, client: Client) -> bool {
        self.change(|open| match open.get_mut(&peer) {
            Some(connection) => {
                connection.client = Some(client);
                true
            }
            None => false,
        })
    }

    /// Cuts every connection whose client fits. Gives their number.
    pub(super) fn cut(&self, fits: impl Fn(&Client) -> bool) -> usize {
        self.change(|open| {
            let cut = open.values().filter(|connection| connection.client.as_ref().is_some_and(&fits));
            // A socket that is already closed can't be shut again, which is just as well.
            cut.map(|connection| drop(connection.socket.shutdown(Shutdown::Both))).count()
        })
    }

    /// Cuts everybody, those who have not said who they are included.
    pub(super) fn cut_all(&self) {
        self.change(|open| {
            for connection in open.values() {
                drop(connection.socket.shutdown(Shutdown::Both));
            }
        });
    }

    /// Whether a client of this id speaks MQTT 3, whose acknowledgement can't carry a refusal.
    pub(super) fn speaks_old(&self, client_id: &str) -> bool {
        self.change(|open| {
            open.values()
                .filter_map(|connection| connection.client.as_ref())
                .any(|client| client.id == client_id && client.protocol_version < 5)
        })
    }

    /// Waits until nobody is connected.
    pub(super) async fn none(&self) {
        let mut count = self.0.count.subscribe();
        // The sender lives in `self`, so the channel can't close while we wait.
        let _ = count.wait_for(|count| *count == 0).await;
    }
}
