//! An agent workflow: what a widget's agent is told, and which model it talks to.

use thiserror::Error;

use crate::Timestamp;
use crate::id::{TeamId, WorkflowId};
use crate::text::{Lines, TextError, text_type};

text_type! {
    /// A workflow's display name: 1 to 100 characters on one line.
    WorkflowName, max = 100, lines = Lines::Single
}

text_type! {
    /// What the model is told before the conversation: 1 to 20,000 characters.
    Instructions, max = 20_000, lines = Lines::Many
}

text_type! {
    /// A model's name as its provider spells it: 1 to 200 characters on one line.
    ModelName, max = 200, lines = Lines::Single
}

/// The name of a provider that the server's operator configured: 1 to 64 of `a-z`, `0-9`, `-`, `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderName(String);

/// The text cannot be a provider's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be 1 to 64 characters of a-z, 0-9, - and _")]
pub struct ProviderNameError;

impl ProviderName {
    /// Checks the name's alphabet and length.
    pub fn parse(input: &str) -> Result<Self, ProviderNameError> {
        let fits = (1..=64).contains(&input.len())
            && input.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if fits { Ok(Self(input.to_owned())) } else { Err(ProviderNameError) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why one of an agent's parameters was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AgentError {
    /// `instructions` breaks the rule of texts.
    #[error("{0}")]
    Instructions(TextError),
    /// `provider` is not a provider's name.
    #[error("must be 1 to 64 characters of a-z, 0-9, - and _")]
    Provider,
    /// `model` breaks the rule of texts.
    #[error("{0}")]
    Model(TextError),
    /// `temperature` is outside 0 to 2.
    #[error("must be a number from 0 to 2")]
    Temperature,
    /// `maxOutputTokens` is outside 1 to 128,000.
    #[error("must be a whole number from 1 to 128000")]
    MaxOutputTokens,
    /// `historyMessages` is outside 0 to 200.
    #[error("must be a whole number from 0 to 200")]
    HistoryMessages,
    /// `fallback.provider` is not a provider's name.
    #[error("must be 1 to 64 characters of a-z, 0-9, - and _")]
    FallbackProvider,
    /// `fallback.model` breaks the rule of texts.
    #[error("{0}")]
    FallbackModel(TextError),
}

impl AgentError {
    /// The field that was refused, as the API spells it.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Instructions(_) => "agent.instructions",
            Self::Provider => "agent.provider",
            Self::Model(_) => "agent.model",
            Self::Temperature => "agent.temperature",
            Self::MaxOutputTokens => "agent.maxOutputTokens",
            Self::HistoryMessages => "agent.historyMessages",
            Self::FallbackProvider => "agent.fallback.provider",
            Self::FallbackModel(_) => "agent.fallback.model",
        }
    }
}

/// An agent's parameters before they are checked.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentInput {
    /// What the model is told before the conversation.
    pub instructions: String,
    /// The configured provider's name.
    pub provider: String,
    /// The model's name as the provider spells it.
    pub model: String,
    /// Sampling temperature, 0 to 2; `None` sends none.
    pub temperature: Option<f64>,
    /// The most tokens of one answer, 1 to 128,000.
    pub max_output_tokens: Option<i64>,
    /// How many earlier messages the model sees, 0 to 200.
    pub history_messages: Option<i64>,
    /// Whom to ask when the model fails before its first word.
    pub fallback: Option<FallbackInput>,
}

/// A fallback before it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FallbackInput {
    /// The configured provider's name.
    pub provider: String,
    /// The model's name as the provider spells it.
    pub model: String,
}

/// The model that is asked when an agent's own one fails before its first word, or is known to be failing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// The configured provider.
    pub provider: ProviderName,
    /// The model's name as the provider spells it.
    pub model: ModelName,
}

/// Who answers: instructions, provider, model and their limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// What the model is told before the conversation.
    pub instructions: Instructions,
    /// The configured provider.
    pub provider: ProviderName,
    /// The model's name as the provider spells it.
    pub model: ModelName,
    /// Whom to ask when the model fails before its first word.
    pub fallback: Option<Fallback>,
    temperature: Option<f64>,
    max_output_tokens: Option<u32>,
    history_messages: Option<u32>,
}

impl Fallback {
    fn parse(input: &FallbackInput) -> Result<Self, AgentError> {
        Ok(Self {
            provider: ProviderName::parse(&input.provider).map_err(|_| AgentError::FallbackProvider)?,
            model: ModelName::parse(&input.model).map_err(AgentError::FallbackModel)?,
        })
    }
}

impl Agent {
    /// How many earlier messages the model sees when the workflow does not say.
    pub const DEFAULT_HISTORY_MESSAGES: u32 = 20;

    /// Checks all parameters; the first that breaks its rule is the error.
    pub fn parse(input: &AgentInput) -> Result<Self, AgentError> {
        let within = |value: Option<i64>, low: i64, high: i64, error: AgentError| match value {
            None => Ok(None),
            Some(number) if (low..=high).contains(&number) => {
                u32::try_from(number).map(Some).map_err(|_| error)
            }
            Some(_) => Err(error),
        };
        if input.temperature.is_some_and(|t| !(0.0..=2.0).contains(&t)) {
            return Err(AgentError::Temperature);
        }
        Ok(Self {
            instructions: Instructions::parse(&input.instructions).map_err(AgentError::Instructions)?,
            provider: ProviderName::parse(&input.provider).map_err(|_| AgentError::Provider)?,
            model: ModelName::parse(&input.model).map_err(AgentError::Model)?,
            fallback: input.fallback.as_ref().map(Fallback::parse).transpose()?,
            temperature: input.temperature,
            max_output_tokens: within(input.max_output_tokens, 1, 128_000, AgentError::MaxOutputTokens)?,
            history_messages: within(input.history_messages, 0, 200, AgentError::HistoryMessages)?,
        })
    }

    /// Sampling temperature, 0 to 2, where the workflow sets one.
    pub fn temperature(&self) -> Option<f64> {
        self.temperature
    }

    /// The most tokens of one answer, where the workflow sets it.
    pub fn max_output_tokens(&self) -> Option<u32> {
        self.max_output_tokens
    }

    /// How many earlier messages the model sees, where the workflow sets it.
    pub fn history_messages(&self) -> Option<u32> {
        self.history_messages
    }
}

/// An agent workflow of a team.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// The workflow's id.
    pub id: WorkflowId,
    /// The team that owns it.
    pub team_id: TeamId,
    /// Its display name.
    pub name: WorkflowName,
    /// Who answers.
    pub agent: Agent,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts the changes, so that two editors cannot mix their fields.
    pub version: i64,
}
