//! The serialised form of a value, for `#[serde(with)]`: a number, `null` for
//! want of one, and as text what JSON has no number for.

use serde::{Deserialize, Deserializer, Serialize as _, Serializer, de::Error as _};

pub(super) fn serialize<S: Serializer>(value: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
    match *value {
        Some(value) if value.is_nan() => to.serialize_str("NaN"),
        Some(f64::INFINITY) => to.serialize_str("+Inf"),
        Some(f64::NEG_INFINITY) => to.serialize_str("-Inf"),
        finite => finite.serialize(to),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Number(f64),
        Text(String),
    }

    Ok(match Option::<Form>::deserialize(from)? {
        None => None,
        Some(Form::Number(value)) => Some(value),
        Some(Form::Text(text)) => Some(match text.as_str() {
            "NaN" => f64::NAN,
            "+Inf" => f64::INFINITY,
            "-Inf" => f64::NEG_INFINITY,
            _ => return Err(D::Error::custom(format!("expected a number, got {text:?}"))),
        }),
    })
}
