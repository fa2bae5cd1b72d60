//! SIP, SDP, RTP and RTCP as machines without sockets or clocks
