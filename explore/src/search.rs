//! The search: every state of a configuration, or the first that breaks a rule.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::action::{Move, actions, is_progress};
use crate::config::Config;
use crate::graph::{Graph, Index};
use crate::log::Log;
use crate::memory::Device;
use crate::shelf::Fault;
use crate::witness::Checked;
use crate::world::World;

/// How an exploration ended.
pub struct Outcome {
    pub states: usize,
    pub transitions: u64,
    /// The length of the longest shortest way to a state.
    pub depth: usize,
    pub time: Duration,
    /// Whether every state was reached.
    pub is_complete: bool,
    pub finished: usize,
    pub fault: Option<Found>,
}

/// A fault that was found.
pub struct Found {
    pub what: String,
    /// The steps of the shortest trace, each with what came of it.
    pub trace: Vec<(String, Vec<String>)>,
}

/// How often a line tells how far the search is.
const PULSE: Duration = Duration::from_secs(10);

/// Explores a configuration, up to so many states.
pub fn explore<D: Device>(config: &Config, limit: usize) -> Outcome {
    let mut search = Search::<D> {
        config,
        graph: Graph::new(),
        transitions: 0,
        depth: 0,
        device: std::marker::PhantomData,
    };
    let start = Instant::now();
    let result = search.run(limit, start);
    let (is_complete, fault) = match result {
        Ok(is_complete) => (is_complete, search.stuck()),
        Err((from, it, what)) => (false, Some(search.trace(from, Some(it), what))),
    };
    Outcome {
        states: search.graph.len(),
        transitions: search.transitions,
        depth: search.depth,
        time: start.elapsed(),
        is_complete,
        finished: search.graph.finished(),
        fault,
    }
}

struct Search<'a, D> {
    config: &'a Config,
    graph: Graph,
    transitions: u64,
    depth: usize,
    device: std::marker::PhantomData<D>,
}

/// What comes of a state: the moves, what each makes of it, or what is wrong with that.
type Visit<'a, D> = &'a mut dyn FnMut(Move, World<D>);

impl<D: Device> Search<'_, D> {
    /// Searches; tells whether every state was reached, or the state, the move and what is wrong with it.
    fn run(&mut self, limit: usize, start: Instant) -> Result<bool, (Index, Move, String)> {
        let first = World::<D>::new(self.config);
        self.graph.find_or_add(first.key(self.config), 0);
        let mut waiting = VecDeque::from([first]);
        let mut index: Index = 0;
        let mut level_end: Index = 1;
        let mut pulse = start;
        while let Some(world) = waiting.pop_front() {
            if index == level_end {
                level_end = self.graph.len() as Index;
                self.depth += 1;
            }
            if self.graph.len() >= limit {
                return Ok(false);
            }
            if pulse.elapsed() >= PULSE {
                pulse = Instant::now();
                self.tell(start, waiting.len());
            }
            let config = self.config;
            next(&world, config, &mut |it, next| {
                self.transitions += 1;
                let (to, is_new) = self.graph.find_or_add(next.key(config), index);
                if is_new {
                    waiting.push_back(next);
                }
                if to != index && it.fault.is_none() && is_progress(&world, it.action, config) {
                    self.graph.add_step(to);
                }
            })
            .map_err(|(it, what)| (index, it, what))?;
            // What a client can do about a session that it takes for another one is not asked.
            self.graph.end_steps(world.is_finished(config), world.witness.is_mistaken);
            index += 1;
        }
        Ok(true)
    }

    fn tell(&self, start: Instant, waiting: usize) {
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "  {}: {} states, {} of them to be left, {} transitions, {} steps deep, {seconds:.0} s",
            self.config.name,
            self.graph.len(),
            waiting,
            self.transitions,
            self.depth,
        );
    }

    /// A state from which not all can be done any more.
    fn stuck(&self) -> Option<Found> {
        let (first, count) = self.graph.stuck()?;
        let what = format!("from here not all can be done any more (as from {} other states)", count - 1);
        Some(self.trace(first, None, what))
    }

    /// The shortest way to a state, and the move from there that breaks a rule.
    fn trace(&self, from: Index, last: Option<Move>, what: String) -> Found {
        let mut world = World::<D>::new(self.config);
        let mut trace = Vec::new();
        for &key in &self.graph.path(from)[1..] {
            let mut found = None;
            let _ = next(&world, self.config, &mut |it, next| {
                if found.is_none() && next.key(self.config) == key {
                    found = Some((it, next));
                }
            });
            let Some((it, next)) = found else { break };
            trace.push((it.to_string(), self.lines(&world, it)));
            world = next;
        }
        if let Some(it) = last {
            trace.push((it.to_string(), self.lines(&world, it)));
        } else {
            let mut lines = Vec::new();
            let _ = next(&world, self.config, &mut |it, _| lines.push(it.to_string()));
            trace.push(("What can happen now:".into(), lines));
        }
        Found { what, trace }
    }

    fn lines(&self, world: &World<D>, it: Move) -> Vec<String> {
        let mut log = Log::on();
        let _ = catch_unwind(AssertUnwindSafe(|| world.after(it, self.config, &mut log)));
        log.into_lines()
    }
}

/// Makes each move that is possible; the first that breaks a rule ends it.
fn next<D: Device>(world: &World<D>, config: &Config, visit: Visit<'_, D>) -> Result<(), (Move, String)> {
    for &action in actions(world, config).as_slice() {
        let accesses = make(world, Move { action, fault: None }, config, visit)?;
        for access in 0..accesses {
            for fault in Fault::ALL {
                let wanted = if fault == Fault::Fails { config.wrongs.store } else { config.wrongs.power };
                if wanted {
                    make(world, Move { action, fault: Some((access, fault)) }, config, visit)?;
                }
            }
        }
    }
    Ok(())
}

fn make<D: Device>(
    world: &World<D>,
    it: Move,
    config: &Config,
    visit: Visit<'_, D>,
) -> Result<u8, (Move, String)> {
    let after = catch_unwind(AssertUnwindSafe(|| world.after(it, config, &mut Log::off())));
    let after: Checked<_> = after.unwrap_or_else(|panic| Err(format!("it panics: {}", message(&*panic))));
    let (next, accesses) = after.map_err(|what| (it, what))?;
    if let Some(next) = next {
        visit(it, next);
    }
    Ok(accesses)
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}
