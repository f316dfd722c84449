//! Values as integers over a power of ten.

/// Integers up to 2^51 survive the rounding below.
const INTEGER_MAX: f64 = 2_251_799_813_685_248.0;
/// 1.5 × 2^52: between 2^52 and 2^53 doubles are whole numbers.
const ROUNDING: f64 = 6_755_399_441_055_744.0;
/// Up to 2^49 a product with a power of ten is off by less than a quarter, so
/// that the integer next to it is the right one whatever the digits.
const PRODUCT_MAX: f64 = 562_949_953_421_312.0;
/// The largest exponent.
pub(super) const EXPONENT_MAX: u8 = 12;

const POWERS: [f64; 13] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];

/// Returns ten to the power of `exponent`; `None` for an exponent that is not
/// used.
pub(super) fn power(exponent: u8) -> Option<f64> {
    POWERS.get(usize::from(exponent)).copied()
}

/// Returns the integer that `value` is over `power`, if it is one bit for
/// bit.
#[inline]
pub(super) fn scaled(value: f64, power: f64) -> Option<i64> {
    // Rounds to the nearest integer, as no bits are left for a fraction. A
    // larger value comes out wrong and fails below.
    let integer = (value * power + ROUNDING) - ROUNDING;
    // NaN and the infinities lie in no range; −0.0 fails the bits.
    if !(-INTEGER_MAX..=INTEGER_MAX).contains(&integer) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked, the value is whole")]
    let integer = integer as i64;
    (unscaled(integer, power).to_bits() == value.to_bits()).then_some(integer)
}

#[inline]
#[expect(clippy::cast_precision_loss, reason = "at most 2^51 was encoded, which is exact")]
pub(super) fn unscaled(integer: i64, power: f64) -> f64 {
    integer as f64 / power
}

/// Returns the integer and the least exponent that make up `value`; `None`
/// for a value with too many digits.
pub(super) fn least(value: f64) -> Option<(i64, u8)> {
    let size = value.abs();
    // What is an integer over some power of ten is one over every larger
    // power too, so the largest that leaves room for rounding decides.
    let fitting = (0..).zip(POWERS).take_while(|(_, power)| size * power <= PRODUCT_MAX).last();
    let (mut exponent, power): (u8, f64) = fitting.unwrap_or((0, 1.0));
    let mut integer = scaled(value, power)?;
    while exponent > 0 && integer % 10 == 0 {
        integer /= 10;
        exponent -= 1;
    }
    Some((integer, exponent))
}

/// Returns `integer` over a power of ten that is `steps` larger; `None` if it
/// grows too large for that.
pub(super) fn raised(integer: i64, steps: u8) -> Option<i64> {
    let factor = 10_i64.checked_pow(u32::from(steps))?;
    let raised = integer.checked_mul(factor)?;
    (raised.unsigned_abs() <= INTEGER_MAX as u64).then_some(raised)
}
