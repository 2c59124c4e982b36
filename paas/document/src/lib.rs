//! paas-document
