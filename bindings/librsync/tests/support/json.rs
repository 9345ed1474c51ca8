//! As much JSON as the golden vectors need: no escapes, whole numbers.

use std::collections::HashMap;
use std::ops::Index;

#[derive(Debug)]
pub enum Value {
    Number(i64),
    Text(String),
    List(Vec<Value>),
    Object(HashMap<String, Value>),
}

impl Value {
    pub fn number(&self) -> i64 {
        let Value::Number(number) = self else { panic!("{self:?}") };
        *number
    }

    pub fn text(&self) -> &str {
        let Value::Text(text) = self else { panic!("{self:?}") };
        text
    }

    pub fn list(&self) -> &[Value] {
        let Value::List(list) = self else { panic!("{self:?}") };
        list
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        let Value::Object(object) = self else { panic!("{self:?}") };
        object.get(key)
    }
}

impl Index<&str> for Value {
    type Output = Value;

    fn index(&self, key: &str) -> &Value {
        self.get(key).unwrap_or_else(|| panic!("no {key}"))
    }
}

pub fn parse(text: &str) -> Value {
    let mut rest = text;
    let value = value(&mut rest);
    assert_eq!(rest.trim(), "");
    value
}

fn value(rest: &mut &str) -> Value {
    if accept(rest, "\"") {
        Value::Text(until_quote(rest))
    } else if accept(rest, "[") {
        Value::List(items(rest, "]", value))
    } else if accept(rest, "{") {
        let member = |rest: &mut &str| {
            assert!(accept(rest, "\""));
            let key = until_quote(rest);
            assert!(accept(rest, ":"));
            (key, value(rest))
        };
        Value::Object(items(rest, "}", member).into_iter().collect())
    } else {
        let end = rest.find([',', ']', '}']).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        *rest = after;
        Value::Number(number.trim().parse().unwrap())
    }
}

/// Skips blanks, and then a token if it is the next one.
fn accept(rest: &mut &str, token: &str) -> bool {
    *rest = rest.trim_start();
    let after = rest.strip_prefix(token);
    *rest = after.unwrap_or(rest);
    after.is_some()
}

fn until_quote(rest: &mut &str) -> String {
    let (text, after) = rest.split_once('"').unwrap();
    assert!(!text.contains('\\'));
    *rest = after;
    text.to_owned()
}

fn items<T>(rest: &mut &str, end: &str, item: impl Fn(&mut &str) -> T) -> Vec<T> {
    let mut items = Vec::new();
    while !accept(rest, end) {
        if !items.is_empty() {
            assert!(accept(rest, ","));
        }
        items.push(item(rest));
    }
    items
}
