//! Damage costs what it hits, and is said.

use super::*;

#[test]
fn another_file_and_a_newer_version_are_refused() {
    let place = Place::new();
    let path = place.0.join("x.seg");
    for content in [&b""[..], b"kw", b"# HELP up", &[0; 500]] {
        fs::write(&path, content).unwrap();
        let error = Segment::open(&path).unwrap_err();
        assert!(matches!(error, SegmentError::NoSegment { .. }), "{error}");
    }
    let mut newer = b"kwsegmnt\x07\0\0\0".to_vec();
    newer.resize(300, 1);
    fs::write(&path, &newer).unwrap();
    let error = Segment::open(&path).unwrap_err().to_string();
    assert!(error.ends_with("has format version 7; expected 1"), "{error}");
    assert!(Segment::open(&place.0.join("none")).is_err());
}

#[test]
fn a_cut_file_is_refused() {
    let place = Place::new();
    let segment = write(&place.0, &fleet(20, 40));
    let whole = fs::read(segment.path()).unwrap();
    let path = place.0.join("cut.seg");
    for length in (0..whole.len()).step_by(37).chain([whole.len() - 1]) {
        fs::write(&path, &whole[..length]).unwrap();
        let error = Segment::open(&path).unwrap_err();
        let whole_header = length >= layout::MAGIC.len();
        match error {
            SegmentError::Damaged { part: Part::Tail, .. } => assert!(whole_header),
            SegmentError::NoSegment { .. } => assert!(!whole_header),
            // The first of the two tails is whole, but not where it was.
            SegmentError::Damaged { part: Part::Summary, .. } => {}
            error => panic!("{error}"),
        }
    }
}

/// Flips a bit at each of many positions and checks that `verify` names it,
/// that what reads leave out is counted, and that nothing wrong is read.
#[test]
fn a_flipped_bit_is_found_and_costs_its_part() {
    let place = Place::new();
    let given = fleet(150, 20);
    let segment = write(&place.0, &given);
    let whole = fs::read(segment.path()).unwrap();
    let path = place.0.join("flipped.seg");
    let mut hit = std::collections::BTreeMap::<String, u32>::new();
    for position in (0..200)
        .step_by(9)
        .chain((200..whole.len()).step_by(307))
        .chain((whole.len() - 400..whole.len()).step_by(9))
    {
        let mut damaged = whole.clone();
        damaged[position] ^= 1 << (position % 8);
        fs::write(&path, &damaged).unwrap();
        let segment = Segment::open(&path).unwrap();
        let verified = segment.verify().unwrap();
        assert!(!verified.problems.is_empty(), "at {position} nothing is found");
        let lost: u64 = verified.problems.iter().map(|problem| problem.samples).sum();
        for problem in &verified.problems {
            assert!(problem.offset <= position as u64, "{problem} for {position}");
            *hit.entry(problem.part.to_string()).or_default() += 1;
        }
        let before = segment.damage();
        let (mut cursor, mut missing, mut refused) = (segment.cursor(), 0, 0);
        for one in &given {
            let mut out = Vec::new();
            match cursor.read_floats(one.serial, TimeRange::ALL, &mut out) {
                Ok(found) => {
                    assert!(found);
                    if bits(&out) != given_bits(one) {
                        assert!(out.is_empty(), "a chunk is read whole or not");
                        missing += one.times.len() as u64;
                    }
                }
                Err(SegmentError::Damaged { part: Part::Directory, .. }) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(missing, lost, "at {position}");
        assert_eq!(segment.damage().samples - before.samples, lost);
        assert!(refused <= layout::BLOCK_SERIES);
        let directory = verified.problems.iter().any(|problem| problem.part == Part::Directory);
        assert_eq!(refused > 0, directory, "at {position}");
        assert_eq!(verified.samples + lost + refused as u64 * 20, 3_000);
    }
    let parts: Vec<&str> = hit.keys().map(String::as_str).collect();
    let expected = [
        "block of identities",
        "block of the directory",
        "column of timestamps",
        "column of values",
        "header",
        "summary",
        "tail",
    ];
    assert_eq!(parts, expected);
}

#[test]
fn shared_timestamps_are_read_from_their_second_copy() {
    let place = Place::new();
    let given = fleet(20, 40);
    let segment = write(&place.0, &given);
    let [mirror, ..] = segment.summary().mirrors[..] else { panic!("no second copy") };
    let mut damaged = fs::read(segment.path()).unwrap();
    damaged[mirror.original as usize + 9] ^= 4;
    fs::write(segment.path(), &damaged).unwrap();
    let segment = Segment::open(segment.path()).unwrap();
    for one in &given {
        assert_eq!(read(&segment, one.serial), Some(given_bits(one)));
    }
    let damage = segment.damage();
    assert!(damage.mended > 0);
    assert_eq!((damage.chunks, damage.blocks), (0, 0));
    let problems = segment.verify().unwrap().problems;
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].part, problems[0].samples), (Part::Times, 0));
}

#[test]
fn damaged_identities_and_directory_cost_their_blocks() {
    let place = Place::new();
    let segment = write(&place.0, &fleet(300, 5));
    let whole = fs::read(segment.path()).unwrap();
    let check = |offset: u64, serials: usize, identities: usize| {
        let mut damaged = whole.clone();
        damaged[offset as usize + 2] ^= 0x20;
        let path = place.0.join("damaged.seg");
        fs::write(&path, &damaged).unwrap();
        let segment = Segment::open(&path).unwrap();
        assert_eq!(segment.serials().unwrap().len(), serials);
        assert_eq!(segment.damage().blocks, u64::from(serials < 300));
        let mut count = 0;
        segment.identities(&mut |_| count += 1).unwrap();
        assert_eq!(count, identities);
        let broken = segment
            .serials()
            .unwrap()
            .iter()
            .filter(|(_, place)| segment.identity_at(*place).is_err())
            .count();
        assert_eq!(broken, if serials < 300 { 0 } else { 300 - identities });
    };
    check(segment.summary().directory[1].place.offset, 300 - 128, 300 - 128);
    check(segment.summary().identities[2].offset, 300, 256);
}
