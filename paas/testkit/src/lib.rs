//! paas-testkit
