use dialogue::ToolResult;
use jiff::civil::DateTime;

use super::policy::Refusal;
use super::{Asked, OWN, Tools};

/// Times looked up in the calendar at once: about two weeks of a usual day.
const AT_ONCE: usize = 256;
/// Most times told, whatever was asked for.
const MOST_SLOTS: usize = 64;

impl Tools {
    /// Times that are offered and not taken, earliest first.
    pub(super) fn free_slots(
        &self,
        asked: &Asked<'_>,
        service: &str,
        from: DateTime,
        until: DateTime,
        limit: usize,
    ) -> Result<ToolResult, Refusal> {
        let service = self.service(service)?;
        let (earliest, latest) = self.business.bookable(asked.now);
        let mut candidates = self.business.candidates(service, from.max(earliest), until.min(latest));
        let (limit, capacity) = (limit.min(MOST_SLOTS), u32::from(self.business.booking.capacity));
        let mut starts = Vec::new();
        while starts.len() < limit {
            let some: Vec<(DateTime, DateTime)> = candidates.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                break;
            }
            let Asked { request, .. } = asked;
            starts.extend(self.store.free(OWN, request.call, &some, capacity, request.unix_ms)?);
        }
        starts.truncate(limit);
        Ok(ToolResult::Slots { starts })
    }
}
