use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
use std::time::{Duration, Instant};

/// What can be wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    Empty,
    NoSeparator { line: usize },
    TooLong(usize, String),
}

impl Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Empty => write!(formatter, "nothing to read"),
            Problem::NoSeparator { line } => write!(formatter, "line {line}: expected `key = value`"),
            Problem::TooLong(line, text) if text.is_ascii() => {
                write!(formatter, "line {}: {} bytes are too many", line, text.len())
            }
            Problem::TooLong(line, _) => write!(formatter, "line {line} is too long"),
        }
    }
}

impl std::error::Error for Problem {}

#[derive(Debug, Clone)]
pub enum Value {
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
}

pub trait Clock {
    const NAME: &'static str;

    fn now(&self) -> Instant;

    fn name(&self) -> &'static str {
        Self::NAME
    }
}

pub struct Store<C: Clock> {
    entries: HashMap<String, (Value, Instant)>,
    limit: usize,
    age: Duration,
    clock: C,
}

impl<C: Clock> Store<C> {
    pub fn new(limit: usize, age: Duration, clock: C) -> Self {
        Self { entries: HashMap::with_capacity(limit), limit, age, clock }
    }

    /// The value of `key`, unless it is too old.
    pub fn get(&mut self, key: &str) -> Option<&Value> {
        let now = self.clock.now();
        let old = match self.entries.get(key) {
            Some((_, written)) => now.duration_since(*written) > self.age,
            None => return None,
        };
        if old {
            self.entries.remove(key);
            return None;
        }
        self.entries.get(key).map(|(value, _)| value)
    }

    pub fn set(&mut self, key: impl Into<String>, value: Value) -> &mut Self {
        while self.entries.len() >= self.limit {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, (_, written))| *written)
                .map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            self.entries.remove(&oldest);
        }
        let now = self.clock.now();
        self.entries.insert(key.into(), (value, now));
        self
    }
}

pub fn parse(text: &str, longest: usize) -> Result<BTreeMap<String, Value>, Problem> {
    let mut found = BTreeMap::new();
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.len() > longest {
            return Err(Problem::TooLong(index + 1, line.to_owned()));
        }
        let (key, value) = line.split_once('=').ok_or(Problem::NoSeparator { line: index + 1 })?;
        found.insert(key.trim().to_string(), value_of(value.trim()));
    }
    Ok(found)
}

fn value_of(text: &str) -> Value {
    match text {
        "true" | "yes" => Value::Flag(true),
        "false" | "no" => Value::Flag(false),
        _ if text.starts_with('[') && text.ends_with(']') => {
            let inner = &text[1..text.len() - 1];
            Value::List(inner.split(',').map(|part| value_of(part.trim())).collect())
        }
        _ => text.parse::<f64>().map(Value::Number).unwrap_or_else(|_| Value::Text(text.into())),
    }
}

fn total(values: &[Value]) -> f64 {
    let mut sum = 0.0;
    for value in values {
        sum += match value {
            Value::Number(number) => *number,
            Value::List(inner) => total(inner),
            Value::Flag(flag) => f64::from(u8::from(*flag)),
            Value::Text(_) => 0.0,
        };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read() {
        let found = parse("# all\na = [1, 2, yes]\nb = c\n", 80).unwrap();
        assert_eq!(found.len(), 2);
        if let Some(Value::List(values)) = found.get("a") {
            assert!((total(values) - 4.0).abs() < 1e-9);
        } else {
            panic!("a is no list: {:?}", found.get("a"));
        }
    }
}
