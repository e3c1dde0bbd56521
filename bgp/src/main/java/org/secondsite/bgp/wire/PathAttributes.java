package org.secondsite.bgp.wire;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** A set of path attributes: at most one of a type, ascending by type as RFC 4271 §5 asks. Immutable. */
public final class PathAttributes {
    /** No attribute. */
    public static final PathAttributes NONE = new PathAttributes(List.of());

    private final List<PathAttribute> sorted;
    private final int hash;

    private PathAttributes(List<PathAttribute> sorted) {
        this.sorted = sorted;
        this.hash = sorted.hashCode();
    }

    /** The attributes in any order; of two of the same type the first counts (RFC 7606 §3 g). */
    public static PathAttributes of(List<? extends PathAttribute> attributes) {
        List<PathAttribute> sorted = new ArrayList<>(attributes.size());
        for (PathAttribute attribute : attributes) {
            if (sorted.stream().noneMatch(known -> known.typeCode() == attribute.typeCode())) {
                sorted.add(attribute);
            }
        }
        sorted.sort(Comparator.comparingInt(PathAttribute::typeCode));
        return new PathAttributes(List.copyOf(sorted));
    }

    /** The attributes in any order. */
    public static PathAttributes of(PathAttribute... attributes) {
        return of(List.of(attributes));
    }

    /** All, ascending by type. */
    public List<PathAttribute> asList() {
        return sorted;
    }

    /** The attribute of the kind, if there is one. */
    public <T extends PathAttribute> Optional<T> get(Class<T> kind) {
        for (PathAttribute attribute : sorted) {
            if (kind.isInstance(attribute)) {
                return Optional.of(kind.cast(attribute));
            }
        }
        return Optional.empty();
    }

    /** Whether there is an attribute of the type. */
    public boolean has(AttributeType type) {
        return sorted.stream().anyMatch(attribute -> attribute.typeCode() == type.code());
    }

    /** These and the given one, which takes the place of one of the same type. */
    public PathAttributes with(PathAttribute attribute) {
        List<PathAttribute> changed = new ArrayList<>(sorted);
        changed.removeIf(known -> known.typeCode() == attribute.typeCode());
        changed.add(attribute);
        return of(changed);
    }

    /** These but those of the types. */
    public PathAttributes without(AttributeType... types) {
        List<PathAttribute> kept = new ArrayList<>(sorted);
        for (AttributeType type : types) {
            kept.removeIf(attribute -> attribute.typeCode() == type.code());
        }
        return kept.size() == sorted.size() ? this : new PathAttributes(List.copyOf(kept));
    }

    /** Whether there is none. */
    public boolean isEmpty() {
        return sorted.isEmpty();
    }

    @Override
    public boolean equals(Object other) {
        return this == other
                || (other instanceof PathAttributes that && hash == that.hash && sorted.equals(that.sorted));
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return sorted.toString();
    }
}
