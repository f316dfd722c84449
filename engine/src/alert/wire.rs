//! The serialised form of matchers, for `#[serde(with)]`: a list of
//! `{name, op, value}`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::model::{MatchOp, Matcher};

pub(super) mod matchers {
    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form {
        name: String,
        op: String,
        value: String,
    }

    pub(crate) fn serialize<S: Serializer>(matchers: &[Matcher], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(matchers.iter().map(|matcher| Form {
            name: matcher.name().to_owned(),
            op: matcher.op().symbol().to_owned(),
            value: matcher.value().to_owned(),
        }))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Matcher>, D::Error> {
        let forms = Vec::<Form>::deserialize(from)?;
        forms.into_iter().map(|form| matcher(form).map_err(D::Error::custom)).collect()
    }

    fn matcher(form: Form) -> Result<Matcher, String> {
        let op = [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex]
            .into_iter()
            .find(|op| op.symbol() == form.op)
            .ok_or_else(|| format!("unknown operator {:?}; expected =, !=, =~ or !~", form.op))?;
        Matcher::new(form.name, op, form.value).map_err(|error| error.to_string())
    }
}
