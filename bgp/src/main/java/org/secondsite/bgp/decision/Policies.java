package org.secondsite.bgp.decision;

/**
 * The two policies of a neighbour.
 *
 * @param imports what of its routes is taken into the Loc-RIB
 * @param exports what of the routes of others it is told; what a program or helper announces is told in any case
 */
public record Policies(Policy imports, Policy exports) {
    /** Nothing in either direction (RFC 8212). */
    public static final Policies NONE = new Policies(Policy.NOTHING, Policy.NOTHING);

    /** The same, taking this. */
    public Policies withImports(Policy changed) {
        return new Policies(changed, exports);
    }

    /** The same, passing this on. */
    public Policies withExports(Policy changed) {
        return new Policies(imports, changed);
    }
}
