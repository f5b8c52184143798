using Microsoft.Extensions.DependencyInjection;
using Vault.Gateway.Connect;
using Vault.Gateway.Http;
using Vault.Gateway.Rest.Approvals;
using Vault.Gateway.Rest.ConnectedAccounts;
using Vault.Gateway.Rest.Connections;
using Vault.Gateway.Rest.Docs;
using Vault.Gateway.Rest.Executions;
using Vault.Gateway.Rest.Health;
using Vault.Gateway.Rest.Keys;
using Vault.Gateway.Rest.Ledger;
using Vault.Gateway.Rest.Organizations;
using Vault.Gateway.Rest.Providers;
using Vault.Gateway.Rest.Scopes;
using Vault.Gateway.Rest.Tools;

namespace Vault.Gateway;

/// <summary>The list of all routes; it registers the endpoints and feeds the OpenAPI document.</summary>
internal static class Routes
{
    public static void Add(IServiceCollection services)
    {
        Add<CreateOrganization>();
        Add<ListOrganizations>();
        Add<GetOrganization>();
        Add<ChangeOrganization>();
        Add<DeleteOrganization>();
        Add<SuspendOrganization>();
        Add<ResumeOrganization>();
        Add<RotateOrganizationKey>();
        Add<EraseOrganization>();
        Add<CreateConnection>();
        Add<ListConnections>();
        Add<GetConnection>();
        Add<ChangeConnection>();
        Add<DeleteConnection>();
        Add<CreateScopeBundle>();
        Add<ListScopeBundles>();
        Add<GetScopeBundle>();
        Add<StageScopeBundle>();
        Add<ActivateScopeBundle>();
        Add<ListLackingAccounts>();
        Add<ListScopeUse>();
        Add<SumScopeUse>();
        Add<ImportAccount>();
        Add<CreateLink>();
        Add<ListAccounts>();
        Add<SearchAccounts>();
        Add<GetAccount>();
        Add<RefreshAccount>();
        Add<RevokeAccount>();
        Add<DeleteAccount>();
        Add<ReconnectAccount>();
        Add<RotateCredential>();
        Add<ShowLink>();
        Add<OpenLink>();
        Add<Callback>();
        Add<ExecuteTool>();
        Add<ProxyCall>();
        Add<ProxyGet>();
        Add<ProxyPut>();
        Add<ProxyPatch>();
        Add<ProxyDelete>();
        Add<GetExecution>();
        Add<GetOutput>();
        Add<ListProviders>();
        Add<GetProvider>();
        Add<PutProvider>();
        Add<GetPendingOrigins>();
        Add<AcceptOrigins>();
        Add<ValidateProvider>();
        Add<DiffProvider>();
        Add<ListTools>();
        Add<GetTool>();
        Add<SearchTools>();
        Add<ImportTools>();
        Add<ListToolSets>();
        Add<DeleteToolSet>();
        Add<QueryLedger>();
        Add<VerifyLedger>();
        Add<ExportLedger>();
        Add<CreateKey>();
        Add<ListKeys>();
        Add<GetKey>();
        Add<RotateKey>();
        Add<RevokeKey>();
        Add<ListApprovals>();
        Add<GetApproval>();
        Add<Approve>();
        Add<Deny>();
        Add<Live>();
        Add<Ready>();
        Add<GetCluster>();
        Add<OpenApi>();
        Add<DocsPage>();

        void Add<T>()
            where T : class, IRoute => services.AddSingleton<IRoute, T>();
    }
}
