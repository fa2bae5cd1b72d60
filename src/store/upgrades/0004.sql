-- What the line of a call was like.
alter table calls add column codec text;
alter table calls add column mos real;
