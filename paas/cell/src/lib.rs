//! paas-cell
