package org.secondsite.witness;

/**
 * Names one request of one client for ever, so that a repetition of it is recognised: the same request sent again, because
 * its answer was lost with a connection or a leader, is answered as the first time and not decided twice.
 *
 * @param client drawn at random by the client when it starts; 0 if there is none
 * @param number counted by the client; 0 if there is none
 */
public record RequestId(long client, long number) {
    /** Of a request that is never repeated. */
    public static final RequestId NONE = new RequestId(0, 0);
}
