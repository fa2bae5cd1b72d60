-- What callers answered to the business's own questions stands with their booking.
alter table bookings add column notes text not null default '';
