//! The suffixes of a text in order, in linear time: SA-IS (Nong, Zhang and Chan, *Linear Suffix
//! Array Construction by Almost Pure Induced-Sorting*, 2009).

use crate::error::{Result, reserve_exact, try_vec};

/// What stands where no suffix is yet.
const EMPTY: u32 = u32::MAX;

/// Returns where the suffixes of `text` start, the least one first. Symbols are below `symbols`; a
/// suffix comes before those that begin with it.
pub(crate) fn sort_suffixes(text: &[u32], symbols: usize) -> Result<Vec<u32>> {
    let mut suffixes = try_vec(EMPTY, text.len())?;
    if text.is_empty() {
        return Ok(suffixes);
    }
    let mut sorter = Sorter::new(text, symbols)?;
    let is_valley = |&pos: &u32| sorter.is_valley(pos as usize);
    let mut valleys = Vec::new();
    reserve_exact(&mut valleys, text.len() / 2)?;
    valleys.extend((0..text.len() as u32).filter(is_valley));

    // From valleys in any order this sorts them by the bytes up to the next valley. Of that order
    // the text of names is made, one name per valley, whose suffixes are sorted in the same way.
    sorter.induce(&valleys, &mut suffixes);
    let (names, distinct) = sorter.name(&valleys, &suffixes)?;
    let mut order = if distinct == valleys.len() {
        let mut order = try_vec(0, valleys.len())?;
        for (number, &name) in (0..).zip(&names) {
            order[name as usize] = number;
        }
        order
    } else {
        sort_suffixes(&names, distinct)?
    };
    for number in &mut order {
        *number = valleys[*number as usize];
    }
    sorter.induce(&order, &mut suffixes);
    Ok(suffixes)
}

struct Sorter<'a> {
    text: &'a [u32],
    /// Whether the suffix at a position is less than the one behind it.
    rises: Vec<bool>,
    /// Where the suffixes that start with each symbol begin; one more than symbols.
    buckets: Vec<u32>,
    /// The next free place of each bucket.
    free: Vec<u32>,
}

impl<'a> Sorter<'a> {
    fn new(text: &'a [u32], symbols: usize) -> Result<Self> {
        let mut rises = try_vec(false, text.len())?;
        for pos in (1..text.len()).rev() {
            let (symbol, behind) = (text[pos - 1], text[pos]);
            rises[pos - 1] = symbol < behind || symbol == behind && rises[pos];
        }
        let mut buckets = try_vec(0, symbols + 1)?;
        for &symbol in text {
            buckets[symbol as usize + 1] += 1;
        }
        for symbol in 0..symbols {
            buckets[symbol + 1] += buckets[symbol];
        }
        Ok(Sorter { text, rises, buckets, free: try_vec(0, symbols)? })
    }

    /// Returns true if the suffix at `pos` rises and the one before it does not.
    fn is_valley(&self, pos: usize) -> bool {
        pos > 0 && self.rises[pos] && !self.rises[pos - 1]
    }

    /// Sorts all suffixes, given the order of those at valleys: the order of the falling ones
    /// follows from it, and that of the rising ones from the falling ones.
    fn induce(&mut self, valleys: &[u32], suffixes: &mut [u32]) {
        let symbols = self.free.len();
        suffixes.fill(EMPTY);
        self.free.copy_from_slice(&self.buckets[1..]);
        for &valley in valleys.iter().rev() {
            self.put_last(valley, suffixes);
        }
        self.free.copy_from_slice(&self.buckets[..symbols]);
        self.put_first(self.text.len() as u32 - 1, suffixes);
        for place in 0..suffixes.len() {
            if let Some(before) = self.before(suffixes[place], false) {
                self.put_first(before, suffixes);
            }
        }
        self.free.copy_from_slice(&self.buckets[1..]);
        for place in (0..suffixes.len()).rev() {
            if let Some(before) = self.before(suffixes[place], true) {
                self.put_last(before, suffixes);
            }
        }
    }

    /// Returns the position before that of a suffix, if the suffix there rises or not, as wanted.
    fn before(&self, suffix: u32, rises: bool) -> Option<u32> {
        let before = suffix.checked_sub(1).filter(|_| suffix != EMPTY)?;
        (self.rises[before as usize] == rises).then_some(before)
    }

    fn put_first(&mut self, suffix: u32, suffixes: &mut [u32]) {
        let free = &mut self.free[self.text[suffix as usize] as usize];
        suffixes[*free as usize] = suffix;
        *free += 1;
    }

    fn put_last(&mut self, suffix: u32, suffixes: &mut [u32]) {
        let free = &mut self.free[self.text[suffix as usize] as usize];
        *free -= 1;
        suffixes[*free as usize] = suffix;
    }

    /// Names the valleys, given in the order of the text, by what they are up to the next one: equal
    /// ones alike, lesser ones less. Returns how many names there are, too.
    fn name(&self, valleys: &[u32], suffixes: &[u32]) -> Result<(Vec<u32>, usize)> {
        // Valleys are two or more apart, so halves of positions tell them from each other.
        let mut numbers = try_vec(0, self.text.len() / 2 + 1)?;
        for (number, &valley) in (0..).zip(valleys) {
            numbers[valley as usize / 2] = number;
        }
        // None: up to the end of the text, which is like nothing else.
        let stretch = |number: u32| {
            let next = *valleys.get(number as usize + 1)?;
            Some(&self.text[valleys[number as usize] as usize..=next as usize])
        };
        let mut names = try_vec(0, valleys.len())?;
        let mut distinct = 0;
        let mut last = None;
        for &suffix in suffixes.iter().filter(|&&suffix| self.is_valley(suffix as usize)) {
            let number = numbers[suffix as usize / 2];
            let this = stretch(number);
            if this.is_none() || this != last {
                distinct += 1;
            }
            names[number as usize] = distinct - 1;
            last = this;
        }
        Ok((names, distinct as usize))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(text: &[u32]) -> Vec<u32> {
        let mut suffixes: Vec<u32> = (0..text.len() as u32).collect();
        suffixes.sort_by_key(|&suffix| &text[suffix as usize..]);
        suffixes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn suffixes_are_sorted(
            (text, symbols) in (1..6u32).prop_flat_map(|symbols| {
                (prop::collection::vec(0..symbols, 0..120), symbols..8)
            }),
            repeats in 1..4usize,
        ) {
            let text = text.repeat(repeats);
            prop_assert_eq!(sort_suffixes(&text, symbols as usize).unwrap(), naive(&text));
        }
    }

    #[test]
    fn suffixes_of_texts_that_repeat_at_every_scale_are_sorted() {
        // Fibonacci and Thue-Morse words need the recursion to be deep.
        let mut fibonacci = (vec![0], vec![0, 1]);
        let mut thue_morse = vec![0];
        while thue_morse.len() < 1000 {
            let longer = [&fibonacci.1[..], &fibonacci.0].concat();
            fibonacci = (fibonacci.1, longer);
            thue_morse = thue_morse.iter().flat_map(|&symbol| [symbol, 1 - symbol]).collect();
        }
        for text in [fibonacci.1, thue_morse, vec![0; 1000]] {
            assert_eq!(sort_suffixes(&text, 2).unwrap(), naive(&text));
        }
    }
}
