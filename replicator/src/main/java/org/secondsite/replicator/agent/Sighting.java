package org.secondsite.replicator.agent;

/** The part of {@link VmAgent} that looks for the VM, and says what was found. */
final class Sighting {
    private final AgentOutbox out;
    private final long everyNanos;
    private String description = "";
    private String trouble = "";
    private long nextNanos;

    Sighting(AgentOutbox out, long everyNanos, long nowNanos) {
        this.out = out;
        this.everyNanos = everyNanos;
        this.nextNanos = nowNanos;
    }

    /** How long until the next look. */
    long dueIn(long nowNanos) {
        return Math.max(0, nextNanos - nowNanos);
    }

    /** The next look comes some time later. */
    void later(long nowNanos) {
        nextNanos = nowNanos + everyNanos;
    }

    void found(String words) {
        description = words;
        trouble = "";
    }

    void notFound(String why) {
        if (!why.equals(trouble) && !why.isEmpty()) {
            out.want(new AgentEffect.Trouble("the VM cannot be driven: " + why));
        }
        trouble = why;
    }

    /** The hypervisor's own words about itself. */
    String description() {
        return description;
    }

    /** Why the VM cannot be driven, empty if it is here or simply is not. */
    String trouble() {
        return trouble;
    }
}
