#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| keepwatch_engine::fuzzing::protobuf(bytes));
