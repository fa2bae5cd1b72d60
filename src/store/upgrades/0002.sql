-- How regularly the packets of a call were sent.
alter table calls add column send_gap_p99_ms real;
alter table calls add column send_gap_most_ms real;
