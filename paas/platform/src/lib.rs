//! paas-platform
