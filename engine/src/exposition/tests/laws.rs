//! What is written reads back.
