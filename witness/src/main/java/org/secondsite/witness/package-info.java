/**
 * Who owns a protection group: the record, the rule by which it changes, when a request may be decided, and who is
 * still heard.
 *
 * <p>Everything here is pure: requests and a time in, decisions out. Files, sockets, threads and clocks are in
 * {@code org.secondsite.witness.io}, bytes on the wire in {@code org.secondsite.witness.wire}.
 */
package org.secondsite.witness;
