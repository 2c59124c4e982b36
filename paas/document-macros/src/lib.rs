//! paas-document-macros
