package org.secondsite.openflow.session;

/** How far a {@link SwitchSession} is; which state follows when is said by {@link StateChange}. */
enum State {
    /** Hello was said. */
    HELLO("the switch's hello, as long as for an echo"),

    /** Asked which switch it is. */
    FEATURES("which datapath it is, as long as for an echo"),

    /** Asked for its ports. */
    PORTS("all of its ports"),

    /** It is known, and programmed. */
    CONNECTED("what is said below"),

    /** Over. */
    CLOSED("nothing");

    private final String waitsFor;

    State(String waitsFor) {
        this.waitsFor = waitsFor;
    }

    /** What it waits for, in words. */
    String waitsFor() {
        return waitsFor;
    }
}
