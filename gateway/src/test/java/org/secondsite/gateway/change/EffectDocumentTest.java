package org.secondsite.gateway.change;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.session.NeighborAspect;
import org.secondsite.config.change.ChangeKind;
import org.secondsite.gateway.router.RouterImpact;

/** Keeps {@code docs/changes.md} equal to the table in the code. Run with {@code SECONDSITE_RENDER=true} to write it. */
class EffectDocumentTest {
    private static final Path DOCUMENT = Path.of("../docs/changes.md");

    @Test
    void everyKindHasItsEffect() {
        for (ChangeKind kind : ChangeKind.values()) {
            assertEquals(kind.name(), Effect.of(kind).name());
        }
    }

    @Test
    void documentShowsTheTable() throws IOException {
        String rendered = render();
        if ("true".equals(System.getenv("SECONDSITE_RENDER"))) {
            Files.writeString(DOCUMENT, rendered);
        }
        assertEquals(rendered, Files.readString(DOCUMENT), "docs/changes.md is stale");
    }

    private static String render() {
        StringBuilder text = new StringBuilder("""
                # Configuration that changes: what follows from what

                Rendered from `Effect` by `EffectDocumentTest`; do not edit. `secondsite config diff FILE` tells it of a file before
                anything is changed. Neighbours, switches, groups and VMs are known by their names: their order says nothing, and
                neither does a default that is written out.

                | change | when | what follows |
                | --- | --- | --- |
                """);
        for (Effect effect : Effect.values()) {
            text.append("| ")
                    .append(effect.name().toLowerCase(Locale.ROOT).replace('_', ' '))
                    .append(
                            effect.when() == Effect.When.WHILE_RUNNING
                                    ? " | while the gateway runs | "
                                    : " | at a restart | ")
                    .append(effect.words())
                    .append(" |\n");
        }
        text.append("""

                ## Settings of a BGP neighbour

                | setting | what follows |
                | --- | --- |
                """);
        for (NeighborAspect aspect : NeighborAspect.values()) {
            text.append("| ")
                    .append(aspect.name().toLowerCase(Locale.ROOT).replace('_', ' '))
                    .append(" | ")
                    .append(RouterImpact.words(aspect.effect()))
                    .append(" |\n");
        }
        return text.toString();
    }
}
