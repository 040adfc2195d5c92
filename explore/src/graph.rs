//! Breadth-first search, and what is remembered of it: a key and a parent for each state, and the steps by which
//! things get on.

/// A state with an index, from 0 on in the order in which they are found.
pub type Index = u32;

/// The states that were found.
pub struct Graph {
    keys: Vec<u128>,
    parents: Vec<Index>,
    /// Where a key's index stands, with 32 bits of the key; it is at most three quarters full.
    places: Vec<(Index, u32)>,
    /// For each state that was left, where its steps end in `steps`.
    ends: Vec<u32>,
    /// Where one gets from a state when nothing goes wrong.
    steps: Vec<Index>,
    /// A bit for each state from which nothing more is asked.
    good: Vec<u64>,
    finished: usize,
}

const FREE: Index = Index::MAX;

impl Graph {
    pub fn new() -> Self {
        Self {
            keys: Vec::new(),
            parents: Vec::new(),
            places: vec![(FREE, 0); 1 << 16],
            ends: Vec::new(),
            steps: Vec::new(),
            good: Vec::new(),
            finished: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The index of the state with this key, and whether it is new.
    pub fn find_or_add(&mut self, key: u128, parent: Index) -> (Index, bool) {
        if self.keys.len() * 4 > self.places.len() * 3 {
            self.grow();
        }
        let place = self.place(key);
        let (found, _) = self.places[place];
        if found != FREE {
            return (found, false);
        }
        let index = Index::try_from(self.keys.len()).expect("there are fewer states than indexes");
        self.places[place] = (index, check(key));
        self.keys.push(key);
        self.parents.push(parent);
        (index, true)
    }

    /// Where this key stands, or belongs.
    fn place(&self, key: u128) -> usize {
        let mask = self.places.len() - 1;
        let mut place = key as usize & mask;
        loop {
            let (index, bits) = self.places[place];
            if index == FREE || bits == check(key) && self.keys[index as usize] == key {
                return place;
            }
            place = (place + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mask = self.places.len() * 2 - 1;
        self.places = Vec::new();
        let mut places = vec![(FREE, 0); mask + 1];
        for (index, &key) in self.keys.iter().enumerate() {
            let mut place = key as usize & mask;
            while places[place].0 != FREE {
                place = (place + 1) & mask;
            }
            places[place] = (index as Index, check(key));
        }
        self.places = places;
    }

    /// A step that gets on, from the state that is left now.
    pub fn add_step(&mut self, to: Index) {
        self.steps.push(to);
    }

    /// All steps from the next state are added; in it all is done, or nothing more is asked of it for another
    /// reason.
    pub fn end_steps(&mut self, is_finished: bool, is_excused: bool) {
        let index = self.ends.len();
        if index.is_multiple_of(64) {
            self.good.push(0);
        }
        self.good[index / 64] |= u64::from(is_finished || is_excused) << (index % 64);
        self.finished += usize::from(is_finished);
        self.ends.push(u32::try_from(self.steps.len()).expect("there are fewer than 2^32 steps"));
    }

    /// In how many states all is done.
    pub const fn finished(&self) -> usize {
        self.finished
    }

    /// The keys from the first state to this one.
    pub fn path(&self, index: Index) -> Vec<u128> {
        let mut path = Vec::new();
        let mut at = index;
        loop {
            path.push(self.keys[at as usize]);
            if at == 0 {
                path.reverse();
                return path;
            }
            at = self.parents[at as usize];
        }
    }

    /// Goes back from the states in which all is done; gives the first state from which none can be reached, if
    /// there is one, and how many there are. States that were not left count as good.
    pub fn stuck(&self) -> Option<(Index, usize)> {
        let mut good = self.good.clone();
        let is_good = |good: &[u64], index: usize| {
            index >= self.ends.len() || good[index / 64] >> (index % 64) & 1 != 0
        };
        // Most steps lead to later states, so that a few rounds from the end are enough.
        loop {
            let mut has_changed = false;
            for index in (0..self.ends.len()).rev() {
                if is_good(&good, index) {
                    continue;
                }
                let start = if index == 0 { 0 } else { self.ends[index - 1] };
                let steps = &self.steps[start as usize..self.ends[index] as usize];
                if steps.iter().any(|&to| is_good(&good, to as usize)) {
                    good[index / 64] |= 1 << (index % 64);
                    has_changed = true;
                }
            }
            if !has_changed {
                break;
            }
        }
        let stuck = (0..self.ends.len()).filter(|&index| !is_good(&good, index));
        let count = stuck.clone().count();
        stuck.clone().next().map(|first| (first as Index, count))
    }
}

/// Other bits of the key than those that choose the place.
fn check(key: u128) -> u32 {
    (key >> 96) as u32
}
