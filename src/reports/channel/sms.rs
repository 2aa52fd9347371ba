//! Reads text messages as gateways bring them. (The reading follows.)
//! Called by `http::hooks`.
//! What can't be read is kept as it came.
