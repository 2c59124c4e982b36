//! cell-erp
