package org.secondsite.buffer;

import org.secondsite.config.VmId;

/**
 * What a data plane has to say of itself. Called on threads of the data plane: an implementation returns at once, and
 * posts what it has learnt to whoever decides.
 */
public interface DataPlaneListener {
    /**
     * The VM's buffer fills or empties.
     *
     * @param pressure the new level
     * @param heldBytes what is used of the VM's quota
     * @param oldestNanos the age of the oldest packet that has not left
     */
    void pressure(VmId vm, Pressure pressure, long heldBytes, long oldestNanos);

    /**
     * An interface of the data plane cannot be used, or the kernel state around it is not as it must be. Packets that
     * are held stay held.
     *
     * @param name the interface
     * @param reason why, in words
     */
    void portDown(String name, String reason);

    /** All is as it should be again. */
    void portUp(String name);

    /**
     * A thread of the data plane has ended by a fault of its own; called by that thread. Nothing is released any more: the
     * data plane must be closed and opened anew.
     */
    void failed(Throwable cause);

    /**
     * The process stood still, and nothing is released until {@link DataPlane#releaseAgain}.
     *
     * @param standstill counts them, from 1
     * @param nanos for how long
     */
    default void stoodStill(long standstill, long nanos) {}

    /** A listener for those who look at the figures instead. */
    DataPlaneListener NONE = new DataPlaneListener() {
        @Override
        public void pressure(VmId vm, Pressure pressure, long heldBytes, long oldestNanos) {}

        @Override
        public void portDown(String name, String reason) {}

        @Override
        public void portUp(String name) {}

        @Override
        public void failed(Throwable cause) {}
    };
}
