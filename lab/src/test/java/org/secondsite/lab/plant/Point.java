package org.secondsite.lab.plant;

/**
 * A method that a deciding thread of the product runs again and again. When one was renamed, the agent finds no such method, and
 * the tests say which.
 */
public enum Point {
    CONDUCTOR("conductor-", "org/secondsite/gateway/Conductor", "turn"),
    PLANE("buffer-plane-", "org/secondsite/buffer/io/PlaneThreads", "look"),
    RELEASER("buffer-release-", "org/secondsite/buffer/io/Releaser", "sleep"),
    LOOPBACK_PLANE("conductor-", "org/secondsite/buffer/LoopbackDataPlane", "seal"),
    ENCODER("tunnel-", "org/secondsite/replicator/tunnel/io/CodecThreads", "encodeStretch"),
    DECODER("tunnel-", "org/secondsite/replicator/tunnel/EpochAssembler", "accept"),
    TUNNEL("tunnel-", "org/secondsite/replicator/tunnel/io/TlsTunnel", "wake"),
    BEACONS("tunnel-", "org/secondsite/replicator/tunnel/io/BeaconSocket", "send"),
    AGENTS_SERVER("checkpoint-server", "org/secondsite/replicator/checkpoint/io/CheckpointConnection", "received"),
    WITNESS_CLIENT("witness-client", "org/secondsite/witness/io/client/WitnessClient", "received"),
    VM_WORKER("agent-", "org/secondsite/replicator/agent/io/VmWorker", "step"),
    AGENT_LOOP("agent-io", "org/secondsite/replicator/checkpoint/io/CheckpointConnection", "received"),
    WITNESS_DESK("witness-io", "org/secondsite/witness/io/daemon/DeskDriver", "turn"),
    WITNESS_STORE("witness-store", "org/secondsite/witness/io/store/FileRecordStore", "decide");

    private final String thread;
    private final String type;
    private final String method;

    Point(String thread, String type, String method) {
        this.thread = thread;
        this.type = type;
        this.method = method;
    }

    /** How the name of the thread begins. */
    public String thread() {
        return thread;
    }

    /** The class, as the virtual machine names it. */
    String type() {
        return type;
    }

    /** The method. */
    String method() {
        return method;
    }
}
