//! Sets of series.

use roaring::RoaringBitmap;

/// How many ids lie in an array before a bitmap takes over.
const FEW_MAX: usize = 32;

/// A set of ids: most label values belong to few series, and some to most.
#[derive(Debug, Clone)]
pub(super) enum Ids {
    One(u32),
    /// Sorted.
    Few(Box<[u32]>),
    Many(Box<RoaringBitmap>),
}

impl Ids {
    /// Adds an id.
    pub(super) fn insert(&mut self, id: u32) {
        match self {
            Self::One(one) if *one == id => {}
            Self::One(one) => {
                *self = Self::Few([*one.min(&mut { id }), *one.max(&mut { id })].into())
            }
            Self::Few(few) => {
                let Err(place) = few.binary_search(&id) else { return };
                if few.len() >= FEW_MAX {
                    let mut many: RoaringBitmap = few.iter().copied().collect();
                    many.insert(id);
                    *self = Self::Many(Box::new(many));
                } else {
                    let mut longer = few.to_vec();
                    longer.insert(place, id);
                    *few = longer.into();
                }
            }
            Self::Many(many) => {
                many.insert(id);
            }
        }
    }

    /// Takes an id out; says whether the set is empty then, and done with.
    pub(super) fn remove(&mut self, id: u32) -> bool {
        match self {
            Self::One(one) => *one == id,
            Self::Few(few) => {
                let left: Box<[u32]> = few.iter().copied().filter(|other| *other != id).collect();
                match left[..] {
                    [] => return true,
                    [one] => *self = Self::One(one),
                    _ => *few = left,
                }
                false
            }
            Self::Many(many) => {
                many.remove(id);
                if many.len() as usize <= FEW_MAX / 2 {
                    *self = Self::Few(many.iter().collect());
                }
                false
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Few(few) => few.len(),
            #[expect(clippy::cast_possible_truncation, reason = "ids have 32 bits")]
            Self::Many(many) => many.len() as usize,
        }
    }

    /// Adds all ids to `sum`.
    pub(super) fn add_to(&self, sum: &mut RoaringBitmap) {
        match self {
            Self::One(one) => {
                sum.insert(*one);
            }
            Self::Few(few) => sum.extend(few.iter().copied()),
            Self::Many(many) => *sum |= many.as_ref(),
        }
    }

    /// Leaves in `set` only what is here too.
    pub(super) fn restrict(&self, set: &mut RoaringBitmap) {
        match self {
            Self::Many(many) => *set &= many.as_ref(),
            Self::One(_) | Self::Few(_) => {
                let kept = self.few().iter().copied().filter(|id| set.contains(*id)).collect();
                *set = kept;
            }
        }
    }

    fn few(&self) -> &[u32] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Few(few) => few,
            Self::Many(_) => &[],
        }
    }

    /// Returns about how many bytes the set takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::One(_) => 0,
                Self::Few(few) => size_of_val(few.as_ref()),
                Self::Many(many) => size_of::<RoaringBitmap>() + many.serialized_size(),
            }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_set_is_a_set(steps in prop::collection::vec((any::<bool>(), 0u32..120), 1..300)) {
            let mut model = BTreeSet::new();
            let mut ids: Option<Ids> = None;
            for (adds, id) in steps {
                if adds {
                    model.insert(id);
                    match &mut ids {
                        Some(ids) => ids.insert(id),
                        None => ids = Some(Ids::One(id)),
                    }
                } else if model.remove(&id) {
                    let emptied = ids.as_mut().is_some_and(|ids| ids.remove(id));
                    prop_assert_eq!(emptied, model.is_empty());
                    if emptied {
                        ids = None;
                    }
                }
                let Some(ids) = &ids else { continue };
                let mut sum = RoaringBitmap::new();
                ids.add_to(&mut sum);
                prop_assert!(sum.iter().eq(model.iter().copied()));
                prop_assert_eq!(ids.len(), model.len());
                let mut half: RoaringBitmap = (0..60).collect();
                ids.restrict(&mut half);
                prop_assert!(half.iter().eq(model.range(..60).copied()));
            }
        }
    }
}
