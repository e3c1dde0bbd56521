package org.secondsite.bgp.session;

/**
 * Messages of a neighbour's connections since the speaker knows it.
 *
 * @param sent of every type
 * @param received of every type
 * @param updatesSent of {@code sent}, UPDATE messages
 * @param updatesReceived of {@code received}, UPDATE messages
 */
public record MessageCounts(long sent, long received, long updatesSent, long updatesReceived) {
    /** None. */
    public static final MessageCounts NONE = new MessageCounts(0, 0, 0, 0);
}
