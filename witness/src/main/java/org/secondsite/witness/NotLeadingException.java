package org.secondsite.witness;

/**
 * A request came to a node that does not lead, or leads no more. What became of it, if anything, is settled by sending it
 * under the same {@link RequestId} to the node that leads: it is decided once, however often it comes.
 */
public final class NotLeadingException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String leader;

    /**
     * Says where to ask.
     *
     * @param leader the address of the node that leads, as this node knows it, like {@code 192.0.2.1:7500}; empty if it
     *     knows none
     */
    public NotLeadingException(String leader) {
        super(
                leader.isEmpty() ? "no node leads at the moment" : "the node at " + leader + " leads",
                null,
                false,
                false);
        this.leader = leader;
    }

    /** The address of the node that leads; empty if none is known. */
    public String leader() {
        return leader;
    }
}
