package org.secondsite.lab;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.time.Clock;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** What the lab decides (emulator, plan, verdict) is data in, data out. The rest of the lab drives the outside world. */
class ModuleRulesTest {
    private static final JavaClasses LAB = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.secondsite.lab");

    private static final DescribedPredicate<JavaClass> OUTSIDE_WORLD = DescribedPredicate.describe(
            "sockets, files, processes, threads or clocks",
            type -> type.getPackageName().startsWith("java.nio.channels")
                    || type.getPackageName().startsWith("io.netty.channel")
                    || type.isEquivalentTo(java.nio.file.Files.class)
                    || type.isEquivalentTo(java.net.Socket.class)
                    || type.isEquivalentTo(java.net.ServerSocket.class)
                    || type.isEquivalentTo(java.net.DatagramSocket.class)
                    || type.isEquivalentTo(ProcessBuilder.class)
                    || type.isEquivalentTo(ProcessHandle.class)
                    || type.isEquivalentTo(Thread.class)
                    || type.isEquivalentTo(Clock.class));

    @Test
    void emulatorPlanAndVerdictArePure() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "org.secondsite.lab.wan",
                        "org.secondsite.lab.plan",
                        "org.secondsite.lab.client",
                        "org.secondsite.lab.storm")
                .should()
                .dependOnClassesThat(OUTSIDE_WORLD)
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Instant.class, "now")
                .check(LAB);
    }

    @Test
    void theEmulatorAndTheClientStandAlone() {
        noClasses()
                .that()
                .resideInAnyPackage("org.secondsite.lab.wan..", "org.secondsite.lab.client..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.secondsite.lab.io..",
                        "org.secondsite.lab.plan..",
                        "org.secondsite.gateway..",
                        "org.secondsite.buffer..",
                        "org.secondsite.replicator..")
                .check(LAB);
    }
}
