//! paas-store
