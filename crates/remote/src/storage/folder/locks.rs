//! A lock for each key that is in use.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A lock for each key that is in use.
#[derive(Debug)]
pub(super) struct Locks<K>(Mutex<HashMap<K, Arc<Mutex<()>>>>);

impl<K> Default for Locks<K> {
    fn default() -> Self {
        Locks(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash> Locks<K> {
    /// Does work that only one thread may do for a key at a time.
    pub(super) fn with<T>(&self, key: &K, work: impl FnOnce() -> T) -> T {
        let lock = Arc::clone(self.all().entry(key.clone()).or_default());
        let result = {
            // Whoever panicked left nothing half done: the work is files, and those are whole.
            let _held = lock.lock().unwrap_or_else(PoisonError::into_inner);
            work()
        };
        let mut all = self.all();
        // The map's and this one: nobody waits.
        if Arc::strong_count(&lock) == 2 {
            all.remove(key);
        }
        result
    }

    fn all(&self) -> MutexGuard<'_, HashMap<K, Arc<Mutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
