package org.secondsite.buffer;

/**
 * What the transparent mode needs to know.
 *
 * @param insideInterface the VM-facing interface, in the process's network namespace
 * @param outsideInterface the interface on the other side of the bump
 * @param poolBytes the memory for held packets of all VMs together
 * @param perVmBytes the most that one VM may hold
 */
public record TransparentSettings(String insideInterface, String outsideInterface, long poolBytes, long perVmBytes) {
    /**
     * Checks the names.
     *
     * @throws IllegalArgumentException if one is not well-formed, or both are the same
     */
    public TransparentSettings {
        InterfaceNames.check(insideInterface, 15);
        InterfaceNames.check(outsideInterface, 15);
        if (insideInterface.equals(outsideInterface)) {
            throw new IllegalArgumentException("inside and outside are the same interface " + insideInterface);
        }
    }
}
