// Compiles SPIR-V compute shaders with a Vulkan driver. Prints the driver's version and, for each shader, a line of
// JSON with the statistics that the driver reports, the assembly, and an empty line.
// Usage: radv_stats DRIVER.so FILE.spv:BINDINGS...
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

typedef PFN_vkVoidFunction(VKAPI_PTR *Lookup)(VkInstance, const char *);
#define INSTANCE(name) PFN_##name name = (PFN_##name)lookup(instance, #name)
#define CHECK(call) do { VkResult r = (call); if (r) { fprintf(stderr, "%s: %d\n", #call, r); exit(1); } } while (0)

int main(int argc, char **argv) {
  int at = 1;
  void *driver = dlopen(argv[at++], RTLD_NOW);
  if (!driver) { fprintf(stderr, "%s\n", dlerror()); return 1; }
  VkResult (*negotiate)(uint32_t *) = dlsym(driver, "vk_icdNegotiateLoaderICDInterfaceVersion");
  Lookup lookup = (Lookup)dlsym(driver, "vk_icdGetInstanceProcAddr");
  uint32_t version = 5, one = 1;
  if (negotiate) negotiate(&version);
  VkInstance instance = NULL;
  INSTANCE(vkCreateInstance);
  VkApplicationInfo app = {VK_STRUCTURE_TYPE_APPLICATION_INFO, .apiVersion = VK_API_VERSION_1_3};
  VkInstanceCreateInfo instance_info = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app};
  CHECK(vkCreateInstance(&instance_info, NULL, &instance));
  INSTANCE(vkEnumeratePhysicalDevices);
  INSTANCE(vkGetPhysicalDeviceFeatures2);
  INSTANCE(vkGetPhysicalDeviceProperties);
  INSTANCE(vkCreateDevice);
  INSTANCE(vkGetDeviceProcAddr);
  VkPhysicalDevice physical;
  VkResult found = vkEnumeratePhysicalDevices(instance, &one, &physical);
  if (found < 0 || one == 0) { fprintf(stderr, "no device: %d\n", found); return 1; }
  VkPhysicalDeviceProperties properties;
  vkGetPhysicalDeviceProperties(physical, &properties);
  uint32_t driver_version = properties.driverVersion;
  printf("%u.%u.%u\n", VK_VERSION_MAJOR(driver_version), VK_VERSION_MINOR(driver_version), VK_VERSION_PATCH(driver_version));
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR stats = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR};
  VkPhysicalDeviceRobustness2FeaturesEXT robust = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ROBUSTNESS_2_FEATURES_EXT, &stats};
  VkPhysicalDeviceVulkan12Features v12 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, &robust};
  VkPhysicalDeviceFeatures2 features = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &v12};
  vkGetPhysicalDeviceFeatures2(physical, &features);
  float priority = 1;
  VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
  const char *extensions[] = {"VK_KHR_pipeline_executable_properties", "VK_EXT_robustness2"};
  VkDeviceCreateInfo device_info = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &features, .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue, .enabledExtensionCount = 2, .ppEnabledExtensionNames = extensions};
  VkDevice device;
  CHECK(vkCreateDevice(physical, &device_info, NULL, &device));
#define DEVICE(name) PFN_##name name = (PFN_##name)vkGetDeviceProcAddr(device, #name)
  DEVICE(vkCreateShaderModule); DEVICE(vkCreateDescriptorSetLayout); DEVICE(vkCreatePipelineLayout);
  DEVICE(vkCreateComputePipelines); DEVICE(vkGetPipelineExecutableStatisticsKHR);
  DEVICE(vkGetPipelineExecutableInternalRepresentationsKHR);
  for (; at < argc; at++) {
    char *colon = strrchr(argv[at], ':');
    *colon = 0;
    uint32_t bindings = atoi(colon + 1);
    FILE *file = fopen(argv[at], "rb");
    if (!file) { perror(argv[at]); return 1; }
    static uint32_t code[1 << 20];
    size_t size = fread(code, 1, sizeof code, file);
    fclose(file);
    VkShaderModule module;
    VkShaderModuleCreateInfo module_info = {VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = size, .pCode = code};
    CHECK(vkCreateShaderModule(device, &module_info, NULL, &module));
    VkDescriptorSetLayoutBinding slots[16];
    for (uint32_t i = 0; i < bindings; i++)
      slots[i] = (VkDescriptorSetLayoutBinding){i, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL};
    VkDescriptorSetLayoutCreateInfo set_info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = bindings, .pBindings = slots};
    VkDescriptorSetLayout set;
    CHECK(vkCreateDescriptorSetLayout(device, &set_info, NULL, &set));
    VkPipelineLayoutCreateInfo layout_info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1, .pSetLayouts = &set};
    VkPipelineLayout layout;
    CHECK(vkCreatePipelineLayout(device, &layout_info, NULL, &layout));
    VkComputePipelineCreateInfo info = {VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR | VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR,
        .stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT, .module = module, .pName = "main"},
        .layout = layout};
    VkPipeline pipeline;
    CHECK(vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline));
    VkPipelineExecutableInfoKHR executable = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline};
    uint32_t n = 0;
    vkGetPipelineExecutableStatisticsKHR(device, &executable, &n, NULL);
    VkPipelineExecutableStatisticKHR *list = calloc(n, sizeof *list);
    for (uint32_t i = 0; i < n; i++) list[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
    vkGetPipelineExecutableStatisticsKHR(device, &executable, &n, list);
    printf("{\"file\":\"%s\"", argv[at]);
    for (uint32_t i = 0; i < n; i++) printf(",\"%s\":%llu", list[i].name, (unsigned long long)list[i].value.u64);
    printf("}\n");
    uint32_t m = 0;
    vkGetPipelineExecutableInternalRepresentationsKHR(device, &executable, &m, NULL);
    VkPipelineExecutableInternalRepresentationKHR *texts = calloc(m, sizeof *texts);
    for (uint32_t i = 0; i < m; i++) texts[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR;
    vkGetPipelineExecutableInternalRepresentationsKHR(device, &executable, &m, texts);
    for (uint32_t i = 0; i < m; i++) texts[i].pData = calloc(1, texts[i].dataSize + 1);
    vkGetPipelineExecutableInternalRepresentationsKHR(device, &executable, &m, texts);
    printf("%s\n\n", (char *)texts[m - 1].pData); // the last text is the assembly
  }
}
