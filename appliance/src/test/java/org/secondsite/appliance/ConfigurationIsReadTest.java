package org.secondsite.appliance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.WitnessConfig;

/** Whatever can be configured means something: a daemon reads it. */
class ConfigurationIsReadTest {
    private static final String CONFIG = "org.secondsite.config";

    private final JavaClasses product = new ClassFileImporter()
            .withImportOption(location -> !location.contains("/test-classes/"))
            .importPackages("org.secondsite");

    @Test
    void everyComponentOfAConfigurationIsReadByADaemon() {
        Set<Class<?>> records = new LinkedHashSet<>();
        Stream.of(GatewayConfig.class, WitnessConfig.class, AgentConfig.class).forEach(root -> collect(root, records));
        List<String> unread = new ArrayList<>();
        for (Class<?> type : records) {
            for (RecordComponent component : type.getRecordComponents()) {
                if (!isRead(type, component.getName())) {
                    unread.add(type.getSimpleName() + "." + component.getName());
                }
            }
        }
        assertTrue(records.size() > 20, "found only " + records);
        assertEquals(List.of(), unread);
    }

    private boolean isRead(Class<?> type, String accessor) {
        JavaMethod method = product.get(type).getMethod(accessor);
        return method.getAccessesToSelf().stream()
                        .map(access -> access.getOriginOwner().getPackageName())
                        .anyMatch(ConfigurationIsReadTest::isOfADaemon)
                || interfaceMethods(type, accessor)
                        .flatMap(declared -> declared.getAccessesToSelf().stream())
                        .map(access -> access.getOriginOwner().getPackageName())
                        .anyMatch(ConfigurationIsReadTest::isOfADaemon);
    }

    private Stream<JavaMethod> interfaceMethods(Class<?> type, String accessor) {
        return product.get(type).getAllRawInterfaces().stream()
                .filter(parent -> parent.getPackageName().startsWith(CONFIG))
                .map(JavaClass::getMethods)
                .flatMap(Set::stream)
                .filter(declared -> declared.getName().equals(accessor));
    }

    private static boolean isOfADaemon(String packageName) {
        return !packageName.matches("org\\.secondsite\\.(config|lab|bench|simulator)(\\..*)?");
    }

    /** The records of the configuration that a type is made of, itself included. */
    private static void collect(Type type, Set<Class<?>> into) {
        switch (type) {
            case ParameterizedType generic ->
                Stream.of(generic.getActualTypeArguments()).forEach(t -> collect(t, into));
            case Class<?> sealed
            when sealed.isSealed() -> Stream.of(sealed.getPermittedSubclasses()).forEach(t -> collect(t, into));
            case Class<?> record
            when isSection(record) && into.add(record) ->
                Stream.of(record.getRecordComponents()).forEach(c -> collect(c.getGenericType(), into));
            default -> {}
        }
    }

    /** A section of a file, and no mere word such as a name or an address. */
    private static boolean isSection(Class<?> type) {
        return type.isRecord()
                && type.getPackageName().equals(CONFIG)
                && (type.getRecordComponents().length > 1
                        || type.getSimpleName().endsWith("Config")
                        || type.getEnclosingClass() != null);
    }
}
