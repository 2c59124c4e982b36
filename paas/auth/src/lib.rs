//! paas-auth
